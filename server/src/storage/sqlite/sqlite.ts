/**
 * The embedded store: one SQLite file, durable by fsync, one server at a time. A thread writes and commits whatever waits together;
 * another reads and makes the checkpoints; the main thread only packs and unpacks. Read on in threads/group.ts (how requests share a
 * commit), migrations/0001-initial.ts (what is kept), accept.ts, claim.ts and settle.ts (the verbs).
 */

import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { GateNews } from "../../ports/gate-store.ts";
import type { Store } from "../../ports/store.ts";
import type { StoreOptions } from "../options.ts";
import { createBallast } from "./files/ballast.ts";
import { createCheckpoints } from "./files/checkpoints.ts";
import { remoteFileSystem } from "./files/disk.ts";
import { startDiskWatch } from "./files/disk-watch.ts";
import { holdLock } from "./files/lock.ts";
import { textOf } from "./problems.ts";
import { createStore } from "./store.ts";
import { startReader, startWriter, waitUntilOpen } from "./threads/threads.ts";

/** How an embedded store is opened. */
export type SqliteOptions = StoreOptions & {
  /** Nothing new is taken while less than this share of the disk is free. Default 0.05. */
  readonly freeShareMin?: number;
  /** Space kept back for settling on a full disk. Default 32 MiB. */
  readonly ballastBytes?: number;
  /** The file may have so many pages of 4 KiB; for tests. Default: as many as the disk holds. */
  readonly pagesMax?: number;
};

const defaultFreeShareMin = 0.05;
/** Twice what the log may hold uncopied (checkpoints.ts): enough to copy that, and as much again for what runs. */
const defaultBallastBytes = 32 * 1024 * 1024;

/** Opens the store of a file, which is made where there is none, with its folder. Throws, saying why, when it cannot keep its promises. */
export async function openSqliteStore(path: string, options: SqliteOptions): Promise<Store> {
  const held = new AsyncDisposableStack();
  try {
    return await openParts(path, options, held);
  } catch (error) {
    await held.disposeAsync();
    throw new Error(`the store ${path} cannot be opened: ${textOf(error)}`, { cause: error });
  }
}

/** Opens one part after the other; each says to `held` how it is let go of, which happens in the opposite order. */
async function openParts(path: string, options: SqliteOptions, held: AsyncDisposableStack): Promise<Store> {
  const { clock, log, durability = "disk" } = options;
  const folder = dirname(path);
  await prepareFolder(folder);
  held.defer(holdLock(path));
  await makePrivateFile(path);

  let isBroken = false;
  const onBroken = (error: Error): void => {
    if (isBroken) return;
    isBroken = true;
    log.error({ error }, "the store is broken and takes no more calls");
    options.onFatal?.(error);
  };
  let hear: (news: GateNews) => void = () => undefined;
  const onGateNews = (news: GateNews): void => hear(news);
  const { writer, reader } = await openThreads({ path, options, held, onBroken, onGateNews });

  const ballast = createBallast(path, options.ballastBytes ?? defaultBallastBytes);
  const freeShareMin = options.freeShareMin ?? defaultFreeShareMin;
  const onRoom = () => writer.call("resumeAccepting");
  const disk = await startDiskWatch({ clock, log, folder, ballast, freeShareMin, onRoom });
  held.defer(disk.stop);
  return createStore({
    writer,
    reader,
    durability,
    onGateNews: (listener) => {
      hear = listener;
    },
    isDiskLow: disk.isLow,
    isBroken: () => isBroken,
    release: () => held.disposeAsync(),
  });
}

type ThreadsToOpen = {
  readonly path: string;
  readonly options: SqliteOptions;
  readonly held: AsyncDisposableStack;
  readonly onBroken: (error: Error) => void;
  readonly onGateNews: (news: GateNews) => void;
};

/** Starts both threads at once; the reader opens what the writer has laid out. */
async function openThreads({ path, options, held, onBroken, onGateNews }: ThreadsToOpen) {
  const { clock, limits, lease, pagesMax, durability = "disk" } = options;
  const checkpoints = createCheckpoints({
    copy: () => reader.call("checkpoint"),
    finish: () => writer.call("checkpoint"),
  });
  const writer = startWriter(
    { path, limits, durability, lease, now: clock.now(), pagesMax },
    { onBroken, onGateNews, onWalPages: checkpoints.observe },
  );
  held.defer(writer.end);
  const reader = startReader({ path, sync: durability === "disk" ? "full" : "normal" }, { onBroken });
  held.defer(reader.end);
  await waitUntilOpen(writer);
  await waitUntilOpen(reader);
  held.defer(checkpoints.idle);
  return { writer, reader };
}

async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const remote = await remoteFileSystem(folder);
  if (remote !== undefined) {
    throw new Error(`${folder} is on ${remote}, where locks and syncs cannot be relied on; use a local disk`);
  }
}

/** A new file is private from its first moment. One that was there is made so when it is known to be ours (ownership.ts). */
async function makePrivateFile(path: string): Promise<void> {
  const file = await open(path, "a", 0o600);
  await file.close();
}
