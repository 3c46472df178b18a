import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { callJson } from "../../support/connect-json.ts";
import { startProcess, startServerProcess } from "../../support/server-process.ts";
import { until } from "../../support/until.ts";
import { type Coverage, coverageOf } from "../checker/coverage.ts";
import type { Evidence } from "../checker/evidence.ts";
import { report } from "../checker/report.ts";
import { violationsOf } from "../checker/rules.ts";
import { type HistoryLine, readHistory } from "../history.ts";
import type { ProcessSettings } from "../processes/settings.ts";
import { type ChaosProcess, createChaosProcess } from "./chaos-process.ts";
import { type Journal, openJournal } from "./journal.ts";
import { createRandom, type Random, seedOfRun } from "./random.ts";
import { exportStore } from "./store-export.ts";

/** A server of a run, and where it is reached. */
export type ChaosServer = ChaosProcess & { readonly url: string; readonly port: number };

/** What a process is told beyond what the run tells all of them. */
type OwnSettings<Settings extends ProcessSettings> = Omit<Settings, "folder" | "seed">;

/** Real processes around one store, everything that they write down, and the judgement at the end. */
export type ChaosRun = AsyncDisposable & {
  readonly random: Random;
  /** What the test itself does is written here. */
  readonly journal: Journal;
  /** Starts a server on the run's store with these flags; later ones of the same place take the first one's port. */
  startServer(flags?: readonly string[], place?: string): Promise<ChaosServer>;
  /** Starts a file of processes/, such as "producer", and waits until it is ready. */
  start<Settings extends ProcessSettings>(
    file: "producer" | "stream-worker" | "unary-worker" | "canvas-worker",
    settings: OwnSettings<Settings>,
  ): Promise<ChaosProcess>;
  /** All lines so far. */
  history(): HistoryLine[];
  /** The first line, past or future, of this kind. */
  line(isWanted: (line: HistoryLine) => boolean, what: string, deadlineMs?: number): Promise<HistoryLine>;
  /** Resolves when nothing waits and nothing runs any more. */
  drained(server: ChaosServer, deadlineMs: number): Promise<void>;
  /** What the store keeps, with its server ended. */
  export(): ReturnType<typeof exportStore>;
  /**
   * With every process ended: throws what breaks a rule, and how to do it again, or what errors were told of that are not `excused`;
   * answers what happened.
   */
  judge(options?: { readonly excused?: RegExp | undefined }): Promise<Coverage>;
  /** In place of judge, where a test has rules of its own and they hold: throws what errors processes told of. */
  accept(): void;
};

/**
 * Starts a run for a test file, on a SQLite file of its own unless another store is named. Its folder is kept when it is not judged, or
 * not judged well.
 */
export function startChaosRun(testFile: string, { storeUrl }: { readonly storeUrl?: string } = {}): ChaosRun {
  const seed = seedOfRun();
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-chaos-"));
  const histories = path.join(folder, "histories");
  mkdirSync(histories);
  const store = storeUrl ?? `sqlite:${path.join(folder, "stem.db")}`;
  const journal = openJournal(histories, "test");
  const random = createRandom(seed);
  const started: ChaosProcess[] = [];
  const ports = new Map<string, number>();
  let isGood = false;
  say(`seed ${seed}, folder ${folder}`);

  const history = (): HistoryLine[] =>
    readdirSync(histories)
      .flatMap((file) => readHistory(readFileSync(path.join(histories, file), "utf8")))
      .toSorted((a, b) => a.t - b.t);

  function expectNoErrors(excused?: RegExp): void {
    const errors = started.flatMap((each) => each.errors.filter((line) => !excused?.test(line)));
    if (errors.length > 0) throw new Error(`processes told of errors (seed ${seed}):\n${errors.join("\n")}`);
  }

  const run: ChaosRun = {
    random,
    journal,
    history,
    async startServer(flags = [], place = "") {
      const wanted = String(ports.get(place) ?? 0);
      const server = await startServerProcess(["--store", store, "--port", wanted, ...flags]);
      const port = Number(new URL(server.url).port);
      ports.set(place, port);
      const name = `server-${started.length + 1}`;
      // Assigned, not spread: a spread would read the getters once and for all.
      const running = Object.assign(createChaosProcess(name, server, journal), { url: server.url, port });
      started.push(running);
      return running;
    },
    async start(file, settings) {
      const script = path.resolve(import.meta.dirname, `../processes/${file}.ts`);
      const all = { ...settings, folder: histories, seed: random.whole(0, 2 ** 31) };
      const launched = startProcess(script, [JSON.stringify(all)]);
      const running = createChaosProcess(settings.proc, launched, journal);
      started.push(running);
      await launched.line(/^ready$/, 60_000);
      return running;
    },
    line: (isWanted, what, deadlineMs = 50_000) =>
      until(() => history().find(isWanted), { deadlineMs, what, everyMs: 20 }),
    drained: (server, deadlineMs) => drained(server.url, deadlineMs),
    export: () => exportStore(store),
    async judge({ excused } = {}) {
      const left = started.filter(({ isRunning }) => isRunning).map(({ name }) => name);
      if (left.length > 0) throw new Error(`judged while ${left.join(", ")} still ran`);
      const evidence: Evidence = { lines: history(), ...(await run.export()) };
      const coverage = coverageOf(evidence);
      say(JSON.stringify(coverage));
      const command = `npx vitest run ${path.relative(process.cwd(), testFile)}`;
      const violations = violationsOf(evidence);
      if (violations.length > 0) throw new Error(report(violations, evidence, { seed, command }));
      expectNoErrors(excused);
      isGood = true;
      return coverage;
    },
    accept() {
      expectNoErrors();
      isGood = true;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((each) => each.end()));
      if (isGood) rmSync(folder, { recursive: true });
      else say(`not judged well; histories are kept in ${folder}`);
    },
  };
  return run;
}

type Depth = { readonly scheduled?: string; readonly ready?: string; readonly leased?: string };

async function drained(url: string, deadlineMs: number): Promise<void> {
  let left = 0;
  await until(
    async () => {
      const request = { queue: "default" };
      const { queue } = await callJson<{ queue: { depth?: Depth } }>(url, "QueueService/GetQueue", request);
      const { scheduled = "0", ready = "0", leased = "0" } = queue.depth ?? {};
      left = Number(scheduled) + Number(ready) + Number(leased);
      return left === 0;
    },
    { deadlineMs, what: "the queue to become empty", everyMs: 100 },
  ).catch((error: unknown) => {
    throw new Error(`${left} tasks have not ended`, { cause: error });
  });
}

function say(text: string): void {
  process.stdout.write(`chaos: ${text}\n`);
}
