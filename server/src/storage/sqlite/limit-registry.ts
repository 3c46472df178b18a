import {
  dueAfter,
  dueOnChange,
  type GateLimit,
  isBounded,
  type LimitKind,
  type LimitRef,
  scoped,
  type Taken,
} from "../../model/gate.ts";
import type { LiveLimit } from "../../model/gatekeeper.ts";
import type { Namespace } from "../../model/ids.ts";
import { type LimitRow, limitKinds, limitOf } from "../sql/limit-rows.ts";
import { command, type Database, query } from "./files/connection.ts";
import type { QueueRegistry } from "./queue-registry.ts";
import { selectLimits } from "./select-limits.ts";

/** The limits in force, as the writer keeps them in memory; texts are subjects with their namespace before them. */
export type LimitRegistry = {
  /** How many there are in all: where there are none, nobody has to ask further. */
  readonly size: number;
  of(kind: LimitKind, text: string): LiveLimit | undefined;
  all(): Iterable<LiveLimit>;
  /** How many a namespace has. */
  count(namespace: Namespace): number;
  /** Whether names of tasks matter there, so that every new task has to be tied. */
  hasNames(namespace: Namespace): boolean;
  put(limit: GateLimit): void;
  remove(ref: LimitRef): void;
  /** Counts grants against a rate. */
  take(kind: LimitKind, text: string, taken: Taken): void;
  /** Forgets all and reads it again, after a transaction was undone. */
  reload(): void;
};

/** Reads the limits of a file. */
export function createLimitRegistry(db: Database, queues: QueueRegistry): LimitRegistry {
  const limits = new Map<string, LiveLimit>();
  const counts = new Map<string, number>();
  const upsert = command(
    db,
    `INSERT INTO limits (namespace, kind, subject, concurrency, rate_count, rate_period_ms, rate_burst, updated_at, due_at,
       paused_at, pause_reason, paused_by, resume_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
     ON CONFLICT (namespace, kind, subject) DO UPDATE SET concurrency = ?4, rate_count = ?5, rate_period_ms = ?6,
       rate_burst = ?7, updated_at = ?8, due_at = ?9,
       paused_at = ?10, pause_reason = ?11, paused_by = ?12, resume_at = ?13`,
  );
  const drop = command(db, "DELETE FROM limits WHERE namespace = ? AND kind = ? AND subject = ?");
  const setDue = command(db, "UPDATE limits SET due_at = ? WHERE namespace = ? AND kind = ? AND subject = ?");
  const placeOf = ({ namespace, kind, subject }: LimitRef) =>
    [queues.makeNamespace(namespace), limitKinds.code(kind), subject] as const;

  function keep(live: LiveLimit): void {
    const key = keyOf(live.limit.kind, textOf(live.limit));
    if (!limits.has(key)) add(live.limit, 1);
    limits.set(key, live);
  }

  function add({ namespace, kind }: LimitRef, by: number): void {
    for (const each of [namespace, keyOf(kind, namespace)]) counts.set(each, (counts.get(each) ?? 0) + by);
  }

  function reload(): void {
    limits.clear();
    counts.clear();
    for (const row of query<LimitRow>(db, selectLimits).all()) keep({ limit: limitOf(row), dueAt: row[8] });
  }

  reload();
  return {
    get size() {
      return limits.size;
    },
    of: (kind, text) => (limits.size === 0 ? undefined : limits.get(keyOf(kind, text))),
    all: () => limits.values(),
    count: (namespace) => counts.get(namespace) ?? 0,
    hasNames: (namespace) => limits.size > 0 && (counts.get(keyOf("name", namespace)) ?? 0) > 0,
    put(limit) {
      const { concurrency, rate, pause, updatedAt } = limit;
      // What a rate has given out stays given out when it is put again, at whatever pace, as long as there are bounds.
      const before = limits.get(keyOf(limit.kind, textOf(limit)))?.dueAt ?? 0;
      const dueAt = isBounded(limit) ? dueOnChange(rate, before, updatedAt) : 0;
      const columns = [rate?.count ?? null, rate?.periodMs ?? null, rate?.burst ?? null];
      const paused = [pause?.at ?? null, pause?.reason ?? null, pause?.by ?? null, pause?.resumeAt ?? null];
      upsert(...placeOf(limit), concurrency ?? null, ...columns, updatedAt, dueAt, ...paused);
      keep({ limit, dueAt });
    },
    remove(ref) {
      if (limits.delete(keyOf(ref.kind, textOf(ref)))) add(ref, -1);
      drop(...placeOf(ref));
    },
    take(kind, text, taken) {
      const live = limits.get(keyOf(kind, text));
      if (live?.limit.rate === undefined || taken.taken === 0) return;
      const dueAt = dueAfter(live.limit.rate, live.dueAt, taken);
      limits.set(keyOf(kind, text), { ...live, dueAt });
      setDue(dueAt, ...placeOf(live.limit));
    },
    reload,
  };
}

const keyOf = (kind: LimitKind, text: string): string => `${kind} ${text}`;

/** What a limit is about, as one text for the whole store. */
export const textOf = ({ namespace, subject }: Pick<LimitRef, "namespace" | "subject">): string =>
  scoped(namespace, subject);
