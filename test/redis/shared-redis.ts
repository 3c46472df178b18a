import { afterAll, beforeAll, onTestFinished, test } from "vitest";
import { tools } from "../../scripts/external-tools.ts";
import { type Instant, instantOf } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Clock } from "../../server/src/ports/clock.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { openStore } from "../../server/src/storage/open.ts";
import { lease } from "../contract/subject.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { testWithTool } from "../support/test-with-tool.ts";

/** One store, and servers on it. */
export type SharedRedis = {
  readonly server: TestRedis;
  readonly url: string;
  readonly now: Instant;
  advance(ms: number): void;
  /** Opens the store as one more server does. Closed with the test. */
  open(): Promise<Store>;
};

type Run = (shared: SharedRedis) => Promise<void>;

let server: TestRedis | undefined;
let count = 0;

/**
 * Registers tests over a Redis of this file's own, with `isSafe` one that syncs; where there is none to start they are left out, and the
 * run says so.
 */
export function redisTests(
  register: (test: (sentence: string, run: Run) => void) => void,
  { isSafe = false } = {},
): void {
  const program = tools["redis-server"].find();
  if (program !== undefined) {
    beforeAll(async () => {
      server = await startRedis(program, { isSafe });
    });
    afterAll(() => server?.stop());
  }
  register((sentence, run) =>
    program === undefined
      ? testWithTool(sentence, { tool: "redis-server", timeoutMs: 1000, run: async () => undefined })
      : test(sentence, { timeout: 60_000 }, () => run(sharedRedis())),
  );
}

function sharedRedis(): SharedRedis {
  if (server === undefined) throw new Error("there is no Redis yet");
  count += 1;
  let now = instantOf(1_800_000_000_000);
  const clock: Clock = { now: () => now, after: () => () => undefined };
  const url = server.url(`shared-${count}`);
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
      const store = await openStore(url, { clock, limits, lease, log: createRecordingLog() });
      onTestFinished(() => store.close());
      return store;
    },
  };
}
