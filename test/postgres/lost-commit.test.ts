import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import { openStore } from "../../server/src/storage/open.ts";
import { lease, refOf } from "../contract/subject.ts";
import { newTask } from "../support/new-task.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { postgresTests, type SharedStore } from "./shared-store.ts";

/** What happens to the next COMMIT: it comes through and its answer is lost, or it is lost itself, or it goes no further for now. */
type Cut = "answer" | "question" | "held";

/** A socket in front of a database that cuts the connection at a COMMIT, once it is armed; what it cut is told. */
async function openCut(
  target: string,
): Promise<{ folder: string; arm(cut: Cut): void; readonly cuts: number; readonly held: Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), "stem-cut-"));
  const sockets = new Set<Socket>();
  let armed: Cut | undefined;
  let cuts = 0;
  const held = Promise.withResolvers<void>();
  const server = createServer((client) => {
    const database = connect(path.join(target, ".s.PGSQL.5432"));
    const end = (): void => {
      client.destroy();
      database.destroy();
    };
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    let isCut = false;
    client.on("data", (bytes) => {
      if (armed !== undefined && bytes.includes("COMMIT\0")) {
        const cut = armed;
        armed = undefined;
        cuts += 1;
        if (cut === "question") return end();
        if (cut === "held") return held.resolve();
        isCut = true;
      }
      database.write(bytes);
    });
    database.on("data", (bytes) => (isCut ? end() : client.write(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, ".s.PGSQL.5432"), resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });
  return {
    folder,
    held: held.promise,
    arm(cut) {
      armed = cut;
    },
    get cuts() {
      return cuts;
    },
  };
}

async function openBehind({ url, now }: SharedStore, durability: "relaxed" | "disk" = "relaxed") {
  const target = decodeURIComponent(/host=([^&]+)/.exec(url)?.[1] ?? "");
  const cut = await openCut(target);
  const store = await openStore(url.replace(encodeURIComponent(target), encodeURIComponent(cut.folder)), {
    ...{ limits, lease, log: createRecordingLog(), durability },
    clock: { now: () => now, after: () => () => undefined },
  });
  onTestFinished(() => store.close());
  return { cut, store };
}

postgresTests(
  (test) => {
    for (const cutOff of ["answer", "question"] as const)
      test(`when the ${cutOff} of a COMMIT is lost, the truth is found out, and the task is there once`, async (shared) => {
        const { cut, store } = await openBehind(shared);
        await store.accept({ tasks: [newTask("before")], now: shared.now, atomic: false });
        cut.arm(cutOff);
        const verdicts = await store.accept({ tasks: [newTask("a")], now: shared.now, atomic: false });
        expect(cut.cuts).toBe(1);
        expect(verdicts).toEqual(["accepted"]);
        expect(await store.read([refOf("a")])).toMatchObject([{ state: "ready", revision: 1 }]);
        const { events } = await store.readEvents(undefined, 100);
        expect(events.map(({ taskId }) => taskId)).toEqual(["before", "a"]);
      });

    test("a COMMIT that never came to a database that was killed was none, whoever has its number by then", async (shared) => {
      const { cut, store } = await openBehind(shared, "disk");
      await store.accept({ tasks: [newTask("before")], now: shared.now, atomic: false });
      cut.arm("held");
      const accepted = store.accept({ tasks: [newTask("a")], now: shared.now, atomic: false });
      await cut.held;
      await shared.server.away(async () => undefined);
      const [outcome] = await Promise.allSettled([accepted]);
      const [before, found] = await until(
        () => store.read([refOf("before"), refOf("a")]).catch(() => false as const),
        { deadlineMs: 50_000, what: "the store" },
      );
      expect(before?.id).toBe("before");
      if (outcome.status === "fulfilled") expect(found).toMatchObject({ id: "a", revision: 1 });
      else expect(outcome.reason).toMatchObject({ problem: { reason: "STORE_UNAVAILABLE" } });
    });
  },
  { isSafe: true },
);
