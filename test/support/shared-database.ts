import { onTestFinished } from "vitest";
import { type Instant, instantOf } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Clock } from "../../server/src/ports/clock.ts";
import type { Durability, Store } from "../../server/src/ports/store.ts";
import { openStore } from "../../server/src/storage/open.ts";
import { lease } from "../contract/subject.ts";
import { type DatabaseKind, databaseTests } from "./database-tests.ts";
import { createRecordingLog } from "./recording-log.ts";

/** One store in a database, and servers on it, under a clock that stands still until told. */
export type SharedDatabase<Server> = {
  readonly server: Server;
  readonly url: string;
  readonly now: Instant;
  advance(ms: number): void;
  /** Opens the store as one more server does. Closed with the test. */
  open(): Promise<Store>;
};

/** Takes tests, each of which gets a store that no other one uses. */
export type SharedTest<Server> = (
  sentence: string,
  run: (shared: SharedDatabase<Server>) => Promise<void>,
) => void;

/** A server of tests: it knows the URL of a place in it that has this name. */
type Places = { url(name: string): string; stop(): Promise<void> };
type Kind<Server> = DatabaseKind<Server> & { readonly durability: Exclude<Durability, "none"> };

/** Registers tests over stores in a server of this file's own. */
export function sharedDatabaseTests<Server extends Places>(
  { durability, ...kind }: Kind<Server>,
  register: (test: SharedTest<Server>) => void,
): void {
  databaseTests(kind, (test) =>
    register((sentence, run) =>
      test(sentence, 60_000, (server, no) => run(shareIn(server, { name: `shared_${no}`, durability }))),
    ),
  );
}

function shareIn<Server extends Places>(
  server: Server,
  { name, durability }: { readonly name: string; readonly durability: Exclude<Durability, "none"> },
): SharedDatabase<Server> {
  let now = instantOf(1_800_000_000_000);
  const clock: Clock = { now: () => now, after: () => () => undefined };
  const url = server.url(name);
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
      const store = await openStore(url, { clock, limits, lease, log: createRecordingLog(), durability });
      onTestFinished(() => store.close());
      return store;
    },
  };
}
