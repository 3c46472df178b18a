import { databaseTests } from "../support/database-tests.ts";
import { startPostgres } from "../support/postgres.ts";
import { startRedis } from "../support/redis.ts";
import { postgresRows, postgresSize, redisKeys, redisSize } from "./size.ts";

/** A real database that syncs, and a place in it that no other test has. */
export type Database = {
  /** Its name in histories of what was done to it. */
  readonly name: "postgres" | "redis";
  readonly url: string;
  /** Ends it as a crash would, and starts it again when something was done meanwhile. */
  away(meanwhile: () => Promise<void>): Promise<void>;
  /** How much there is of what should not grow, by name. */
  size(): Promise<Readonly<Record<string, number>>>;
  /** How many entries there are of each kind that only tasks bring: rows by table, or keys. */
  entries(): Promise<Readonly<Record<string, number>>>;
};

type Server = { place(no: number): Database; stop(): Promise<void> };
type Run = (database: Database) => Promise<void>;
type Registered = (sentence: string, timeoutMs: number, run: Run) => void;

const kinds = [
  { kind: "Postgres", tool: "postgres", start: onPostgres },
  { kind: "Redis", tool: "redis-server", start: onRedis },
] as const;

/**
 * Registers the same tests over each database that several servers can share, which this file starts for itself; where there is none to
 * start they are left out, and the run says so.
 */
export function onEachDatabase(register: (test: Registered) => void): void {
  for (const { kind, ...database } of kinds)
    databaseTests<Server>(database, (test) =>
      register((sentence, timeoutMs, run) =>
        test(`${sentence} (${kind})`, timeoutMs, (server, no) => run(server.place(no))),
      ),
    );
}

async function onPostgres(folder: string): Promise<Server> {
  const server = await startPostgres(folder, { isSafe: true });
  return {
    stop: server.stop,
    place(no) {
      const schema = `fleet_${no}`;
      return {
        name: "postgres",
        url: server.url(schema),
        away: server.away,
        size: () => postgresSize(server, schema),
        entries: () => postgresRows(server, schema),
      };
    },
  };
}

async function onRedis(program: string): Promise<Server> {
  const server = await startRedis(program, { isSafe: true });
  return {
    stop: server.stop,
    place(no) {
      const prefix = `fleet-${no}`;
      return {
        name: "redis",
        url: server.url(prefix),
        away: server.away,
        size: () => redisSize(server),
        entries: () => redisKeys(server, prefix),
      };
    },
  };
}
