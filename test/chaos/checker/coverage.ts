import type { HistoryLine } from "../history.ts";
import type { Evidence } from "./evidence.ts";

/** What happened in a run. A run in which too little happened proves nothing. */
export type Coverage = {
  /** Kills of a server. */
  readonly serverKills: number;
  /** Those among them that fell while at least one enqueue or settlement waited for its answer. */
  readonly killsInFlight: number;
  readonly leasesExpired: number;
  readonly settlementsRefused: number;
  readonly settlementsUnknown: number;
  readonly enqueuesAccepted: number;
  readonly enqueuesRefused: number;
  readonly enqueuesUnknown: number;
  /** Tasks whose sender was left without an answer at least once, and that the store has nevertheless. */
  readonly unknownButStored: number;
  readonly redelivered: number;
  readonly succeeded: number;
  readonly failed: number;
};

/** Counts what happened. */
export function coverageOf({ lines, tasks, events }: Evidence): Coverage {
  const sorted = lines.toSorted((a, b) => a.t - b.t);
  const count = (op: string, phase: string): number =>
    lines.filter((line) => line.op === op && line.phase === phase).length;
  const unknown = new Set(
    lines.flatMap((line) => (line.op === "enqueue" && line.phase === "unknown" ? [line.task] : [])),
  );
  const ended = (state: string): number => tasks.filter((task) => task.state === state).length;
  const pending = pendingAtServerKills(sorted);
  return {
    serverKills: pending.length,
    killsInFlight: pending.filter((calls) => calls > 0).length,
    leasesExpired: events.filter(({ kind }) => kind === "lease_expired").length,
    settlementsRefused: lines.filter((line) => line.op === "settle" && line.code === "LEASE_LOST").length,
    settlementsUnknown: count("settle", "unknown"),
    enqueuesAccepted: count("enqueue", "ok"),
    enqueuesRefused: count("enqueue", "fail"),
    enqueuesUnknown: count("enqueue", "unknown"),
    unknownButStored: tasks.filter(({ id }) => unknown.has(id)).length,
    redelivered: tasks.filter(({ deliveries }) => deliveries > 1).length,
    succeeded: ended("succeeded"),
    failed: ended("failed"),
  };
}

/** How many calls waited for an answer at each kill of a server. */
function pendingAtServerKills(sorted: readonly HistoryLine[]): number[] {
  const open = new Set<string>();
  const pending: number[] = [];
  for (const line of sorted) {
    if (line.op === "kill" && line.target.startsWith("server")) pending.push(open.size);
    if (line.op !== "enqueue" && line.op !== "settle") continue;
    const call = [line.proc, line.op, line.task, line.op === "settle" ? line.fence : line.argsHash].join();
    if (line.phase === "invoke") open.add(call);
    else open.delete(call);
  }
  return pending;
}
