import { command, type Database, query } from "./files/connection.ts";

/** Numbers of the store by name. */
export type CounterName =
  | "epoch"
  | "dropped_row"
  | "dropped_index"
  | "lock_fence"
  | "locks"
  | "queue_id"
  | "namespace_id";

/** Reads and writes them, in the running transaction. */
export type Counters = {
  get(name: CounterName): number | undefined;
  set(name: CounterName, value: number): void;
};

/** Makes them for a connection. */
export function createCounters(db: Database): Counters {
  const select = query<[number]>(db, "SELECT value FROM counters WHERE name = ?");
  const upsert = command(
    db,
    "INSERT INTO counters (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
  );
  return {
    get: (name) => select.get(name)?.[0],
    set: (name, value) => {
      upsert(name, value);
    },
  };
}
