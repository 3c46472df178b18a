import {
  type AbortLine,
  type EndState,
  type EnqueueLine,
  type FaultLine,
  type Fence,
  type HistoryLine,
  isEndState,
  type RunLine,
  type SeeLine,
  type SettleLine,
} from "../history.ts";

/** A task as the store has it after the end. */
export type StoredTask = {
  readonly id: string;
  readonly state: string;
  readonly reason: string | undefined;
  readonly fence: Fence | undefined;
  readonly argsHash: string;
  readonly resultHash: string | undefined;
  readonly deliveries: number;
};

/** One event of the store's log. */
export type StoredEvent = {
  readonly task: string;
  readonly kind: string;
  /** Numbers a task's events from 1. */
  readonly revision: number;
  /** Wall time, milliseconds since 1970. */
  readonly at: number;
};

/** All that is known of a run after its end. */
export type Evidence = {
  readonly lines: readonly HistoryLine[];
  readonly tasks: readonly StoredTask[];
  readonly events: readonly StoredEvent[];
};

/** One run of a handler, put together from its lines. */
export type Run = {
  readonly proc: string;
  readonly fence: Fence;
  readonly startedAt: number;
  /** When it returned, threw or was killed; Infinity: it never ended. */
  readonly endedAt: number;
  /** From when on it was bound to stop: its own deadline, or the moment when its worker told it so. */
  readonly dueAt: number;
  readonly valueHash: string | undefined;
};

/** All that is known of one task. */
export type TaskStory = {
  readonly id: string;
  readonly enqueues: readonly EnqueueLine[];
  readonly runs: readonly Run[];
  readonly settles: readonly SettleLine[];
  readonly sights: readonly SeeLine[];
  /** As often as the store lists it. */
  readonly stored: readonly StoredTask[];
  /** In the order of the log. */
  readonly events: readonly StoredEvent[];
};

/** What was done to processes, for rules that excuse a frozen one. */
export type Faults = {
  /** When a process was killed; Infinity: never. */
  killedAt(proc: string): number;
  /** Whether a process was frozen at a moment, or so shortly before that it could not know yet. */
  wasFrozen(proc: string, at: number): boolean;
  /** Whether a lease of that moment may have been forgotten: a database that keeps leases a moment later was killed before it could. */
  wasForgotten(at: number): boolean;
};

/** How an end of a task came to be known. */
export type KnownEnd = {
  readonly by: string;
  readonly state: EndState;
  readonly valueHash: string | undefined;
};

/** A process that is woken first has to find out what it missed. */
const wakingMs = 1000;

/** Databases that keep a lease, which is not synced alone, within this time at most. */
const lateDatabases: ReadonlySet<string> = new Set(["postgres"]);
const keptWithinMs = 1000;
/** A kill is written down before it happens, and happens within this time. */
const killingMs = 250;

/** Sorts the evidence by task. */
export function storiesOf({ lines, tasks, events }: Evidence): TaskStory[] {
  const faults = faultsOf(lines);
  const byTask = Map.groupBy(lines, (line) => ("task" in line ? line.task : ""));
  const storedById = Map.groupBy(tasks, ({ id }) => id);
  const eventsById = Map.groupBy(events, ({ task }) => task);
  const ids = new Set([...byTask.keys(), ...storedById.keys(), ...eventsById.keys()]);
  ids.delete("");
  return [...ids].map((id) => {
    const own = (byTask.get(id) ?? []).toSorted((a, b) => a.t - b.t);
    return {
      id,
      enqueues: own.filter((line) => line.op === "enqueue"),
      runs: runsOf(own, faults),
      settles: own.filter((line) => line.op === "settle"),
      sights: own.filter((line) => line.op === "see"),
      stored: storedById.get(id) ?? [],
      events: eventsById.get(id) ?? [],
    };
  });
}

/** What was done to processes. */
export function faultsOf(lines: readonly HistoryLine[]): Faults {
  const faults = lines.filter((line): line is FaultLine => "target" in line).toSorted((a, b) => a.t - b.t);
  const killedAt = new Map(faults.flatMap(({ op, target, t }) => (op === "kill" ? [[target, t]] : [])));
  const frozen = Map.groupBy(
    faults.filter(({ op }) => op === "stop" || op === "continue"),
    ({ target }) => target,
  );
  const databaseKills = faults.filter(({ op, target }) => op === "kill" && lateDatabases.has(target));
  return {
    wasForgotten: (at) => databaseKills.some(({ t }) => at <= t + killingMs && at >= t - keptWithinMs),
    killedAt: (proc) => killedAt.get(proc) ?? Number.POSITIVE_INFINITY,
    wasFrozen: (proc, at) => {
      const last = frozen.get(proc)?.findLast(({ t }) => t <= at);
      return last !== undefined && (last.op === "stop" || at <= last.t + wakingMs);
    },
  };
}

/** Every way in which an end of the task came to be known. */
export function knownEnds({ events, stored, settles, sights }: TaskStory): KnownEnd[] {
  return [
    ...events.flatMap(({ kind }) => end("event", kind, undefined)),
    ...stored.flatMap(({ state, resultHash }) => end("store", state, resultHash)),
    ...settles
      .filter(({ phase }) => phase === "ok")
      .flatMap(({ proc, state, valueHash }) => end(`answer to ${proc}`, state, valueHash)),
    ...sights.flatMap(({ proc, state, valueHash }) => end(`seen by ${proc}`, state, valueHash)),
  ];
}

const end = (by: string, state: string | undefined, valueHash: string | undefined): KnownEnd[] =>
  isEndState(state) ? [{ by, state, valueHash: state === "succeeded" ? valueHash : undefined }] : [];

function runsOf(own: readonly HistoryLine[], faults: Faults): Run[] {
  const runLines = own.filter((line): line is RunLine => line.op === "run");
  const aborts = own.filter((line): line is AbortLine => line.op === "abort");
  return runLines
    .filter(({ phase }) => phase === "invoke")
    .map(({ proc, fence, t, deadline }) => {
      const isSame = (line: RunLine | AbortLine): boolean =>
        line.proc === proc && line.fence.join() === fence.join() && line.t >= t;
      const ended = runLines.find((line) => line.phase !== "invoke" && isSame(line));
      const abortedAt = aborts.find(isSame)?.t ?? Number.POSITIVE_INFINITY;
      return {
        proc,
        fence,
        startedAt: t,
        endedAt: ended?.t ?? faults.killedAt(proc),
        dueAt: Math.min(deadline ?? Number.POSITIVE_INFINITY, abortedAt),
        valueHash: ended?.valueHash,
      };
    });
}
