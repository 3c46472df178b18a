import { afterAll, beforeAll, onTestFinished, test } from "vitest";
import { tools } from "../../scripts/external-tools.ts";
import { type Instant, instantOf } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Clock } from "../../server/src/ports/clock.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { openStore } from "../../server/src/storage/open.ts";
import { lease } from "../contract/subject.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { testWithTool } from "../support/test-with-tool.ts";

/** One schema, and servers on it. */
export type SharedStore = {
  readonly server: TestPostgres;
  readonly url: string;
  readonly now: Instant;
  advance(ms: number): void;
  /** Opens the store as one more server does. Closed with the test. */
  open(): Promise<Store>;
};

type Run = (shared: SharedStore) => Promise<void>;

let server: TestPostgres | undefined;
let count = 0;

/**
 * Registers tests over a Postgres of this file's own, with `isSafe` one that syncs; where there is none to start they are left out, and
 * the run says so.
 */
export function postgresTests(
  register: (test: (sentence: string, run: Run) => void) => void,
  { isSafe = false } = {},
): void {
  const folder = tools.postgres.find();
  if (folder !== undefined) {
    beforeAll(async () => {
      server = await startPostgres(folder, { isSafe });
    });
    afterAll(() => server?.stop());
  }
  register((sentence, run) =>
    folder === undefined
      ? testWithTool(sentence, { tool: "postgres", timeoutMs: 1000, run: async () => undefined })
      : test(sentence, { timeout: 60_000 }, () => run(sharedStore(isSafe ? "disk" : "relaxed"))),
  );
}

function sharedStore(durability: "disk" | "relaxed"): SharedStore {
  if (server === undefined) throw new Error("there is no Postgres yet");
  count += 1;
  let now = instantOf(1_800_000_000_000);
  const clock: Clock = { now: () => now, after: () => () => undefined };
  const url = server.url(`shared_${count}`);
  return {
    server,
    url,
    get now() {
      return now;
    },
    advance(ms) {
      now = instantOf(now + ms);
    },
    async open() {
      const store = await openStore(url, {
        clock,
        limits,
        lease,
        log: createRecordingLog(),
        durability,
      });
      onTestFinished(() => store.close());
      return store;
    },
  };
}
