import {
  type GateRows,
  gatesOf,
  isBefore,
  type LimitedGate,
  type LiveLimit,
  type Stage,
  stages,
  type Tied,
} from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import { stateCode } from "../sql/codes.ts";
import {
  type Line,
  type LineCount,
  type Place,
  readFirsts,
  readLines,
  readPassed,
  readWaiting,
} from "./gate-reads.ts";
import type { Session } from "./session.ts";
import { type Tie, undecided } from "./ties.ts";

/**
 * The gatekeeper decides at once, and a database answers later. So decisions are made on a picture: what they ask for and is not in it
 * yet is noted, read, and the decision made again from the start. Nothing is written before it has been made to its end, and nobody
 * else changes what the picture shows, because the gates of the namespace are locked.
 */

/** Something that is not in the picture yet. It has been noted. */
export class NotSeen extends Error {
  constructor() {
    super("not read yet");
    this.name = "NotSeen";
  }
}

/** A list as far as it was read, of so many asked for; `bounds`: behind each of these there may be more. */
type Stretch = { readonly ties: readonly Tie[]; readonly bounds: readonly Tie[]; readonly asked: number };

type Seen = {
  readonly lines: Map<string, readonly LineCount[]>;
  readonly waiting: Map<string, Stretch>;
  readonly passed: Map<string, Stretch>;
  readonly firsts: Map<string, Tie | undefined>;
};

/** What a picture does not show itself. */
export type Limits = {
  readonly limitOf: (gate: LimitedGate) => LiveLimit | undefined;
  readonly wakeAt: (at: Instant) => void;
};

/** Rows that decisions are made on, with what those moved. */
export type View = GateRows<Tie, Line> & {
  /** Where tasks stand that were moved. */
  readonly moved: ReadonlyMap<number, { readonly tie: Tie; readonly stage: Stage }>;
};

export type Picture = {
  /** A view of it on which nothing was moved yet. */
  view(limits: Limits): View;
  /** Notes that something has to be read before a decision can be made. */
  want(read: (db: Session) => Promise<void>): never;
  /** Reads what was asked for in vain. */
  look(db: Session): Promise<void>;
  /** Forgets all: something was written. */
  forget(): void;
};

/** So many of a line are read first; twice as many each time that it was not enough. */
const firstLook = 16;

const idOf = ({ kind, text }: LimitedGate): string => `${kind} ${text}`;
const lineIdOf = (gate: LimitedGate, { queue, lane, name }: Place): string =>
  JSON.stringify([idOf(gate), queue, lane, gate.kind === "key" ? name : ""]);

/** Makes a picture that shows nothing yet. */
export function createPicture(): Picture {
  const seen: Seen = { lines: new Map(), waiting: new Map(), passed: new Map(), firsts: new Map() };
  let wanted: ((db: Session) => Promise<void>)[] = [];

  function want(read: (db: Session) => Promise<void>): never {
    wanted.push(read);
    throw new NotSeen();
  }

  const wantLines = (gate: LimitedGate): never =>
    want(async (db) => void seen.lines.set(idOf(gate), await readLines(db, gate)));
  const wantMore = (of: "waiting" | "passed", { gate, place }: Line, atLeast: number): never =>
    want(async (db) => {
      const id = lineIdOf(gate, place);
      const asked = Math.max(firstLook, atLeast, 2 * (seen[of].get(id)?.asked ?? 0));
      const read = of === "waiting" ? readWaiting : readPassed;
      const lists = await read(db, { gate, place }, asked);
      const bounds = lists.flatMap((list) => (list.length < asked ? [] : (list.at(-1) ?? [])));
      seen[of].set(id, { ties: lists.flat(), bounds, asked });
    });
  const wantFirst = (key: string): never =>
    want(async (db) => void seen.firsts.set(key, (await readFirsts(db, [key]))[0]));

  return {
    want,
    view: (limits) => createView(seen, { wantLines, wantMore, wantFirst }, limits),
    async look(db) {
      const reads = wanted;
      wanted = [];
      await Promise.all(reads.map((read) => read(db)));
    },
    forget() {
      for (const part of Object.values(seen)) part.clear();
      wanted = [];
    },
  };
}

type Wants = {
  readonly wantLines: (gate: LimitedGate) => never;
  readonly wantMore: (of: "waiting" | "passed", line: Line, atLeast: number) => never;
  readonly wantFirst: (key: string) => never;
};

/** How a tie stands to a gate of its: it waits there, has passed it, or has not come to it. */
function standingAt(gate: LimitedGate, held: number): "waiting" | "passed" | "before" {
  if (held === undecided || (held !== stages.free && held < stages[gate.kind])) return "before";
  return held === stages[gate.kind] ? "waiting" : "passed";
}

function createView(seen: Seen, wants: Wants, { limitOf, wakeAt }: Limits): View {
  const moved = new Map<number, { readonly tie: Tie; readonly stage: Stage }>();
  const movedByLine = new Map<string, Map<number, Tie>>();
  const placesByGate = new Map<string, Map<string, Place>>();
  const heldOf = (tie: Tie): number => moved.get(tie.seq)?.stage ?? tie.held;
  const movedIn = (line: Line): Tie[] => [
    ...(movedByLine.get(lineIdOf(line.gate, line.place))?.values() ?? []),
  ];

  const countsOf = (gate: LimitedGate): readonly LineCount[] =>
    seen.lines.get(idOf(gate)) ?? wants.wantLines(gate);

  function stand(tie: Tie, stage: Stage): void {
    moved.set(tie.seq, { tie, stage });
    for (const gate of gatesOf(tie)) {
      const place = placeOf(tie);
      const id = lineIdOf(gate, place);
      movedByLine.set(id, (movedByLine.get(id) ?? new Map<number, Tie>()).set(tie.seq, tie));
      placesByGate.set(idOf(gate), (placesByGate.get(idOf(gate)) ?? new Map<string, Place>()).set(id, place));
    }
  }

  /** The first ones of a list of a line, as it is after the moves. */
  function firstOf(of: "waiting" | "passed", line: Line, limit: number): Tie[] {
    const stretch = seen[of].get(lineIdOf(line.gate, line.place)) ?? wants.wantMore(of, line, limit);
    const isOf = (tie: Tie): boolean => standingAt(line.gate, heldOf(tie)) === of;
    const comesFirst = (a: Tie, b: Tie): boolean => isBefore(a, b) === (of === "waiting");
    const known = new Set(stretch.ties.map(({ seq }) => seq));
    const came = movedIn(line).filter((tie) => !known.has(tie.seq));
    const all = [...stretch.ties, ...came].filter(isOf).sort((a, b) => (comesFirst(a, b) ? -1 : 1));
    const sure = all.filter((tie) =>
      stretch.bounds.every((bound) => bound.seq === tie.seq || comesFirst(tie, bound)),
    );
    if (stretch.bounds.length > 0 && sure.length < limit) wants.wantMore(of, line, limit + moved.size);
    return sure.slice(0, limit);
  }

  return {
    moved,
    limitOf,
    wakeAt,
    leased: (gate) => countsOf(gate).reduce((sum, { leased }) => sum + leased, 0),
    lines(gate) {
      const places = new Map<string, Place>(countsOf(gate).map((place) => [lineIdOf(gate, place), place]));
      for (const [id, place] of placesByGate.get(idOf(gate)) ?? []) places.set(id, place);
      return [...places.values()].map((place) => ({ gate, place }));
    },
    unclaimed(line) {
      const { gate, place } = line;
      const id = lineIdOf(gate, place);
      const before = countsOf(gate).find((count) => lineIdOf(gate, count) === id)?.passed ?? 0;
      return movedIn(line).reduce((sum, tie) => {
        const [was, is] = [standingAt(gate, tie.held), standingAt(gate, heldOf(tie))];
        return sum + Number(is === "passed") - Number(was === "passed");
      }, before);
    },
    lastUnclaimed: (line) => firstOf("passed", line, 1)[0],
    waiting: (line, limit) => firstOf("waiting", line, limit),
    isFirst({ seq, orderingKey }: Tied) {
      if (orderingKey === undefined) return true;
      if (!seen.firsts.has(orderingKey)) wants.wantFirst(orderingKey);
      return (seen.firsts.get(orderingKey)?.seq ?? seq) >= seq;
    },
    firstBehind(orderingKey) {
      if (!seen.firsts.has(orderingKey)) wants.wantFirst(orderingKey);
      const first = seen.firsts.get(orderingKey);
      if (first === undefined || first.state !== stateCode.ready) return undefined;
      return heldOf(first) === stages.ordering ? first : undefined;
    },
    stand,
  };
}

const placeOf = ({ queue, lane, limitName }: Tie): Place => ({ queue, lane, name: limitName });
