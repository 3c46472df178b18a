import type { Barrier, BarrierState } from "../../../model/canvas.ts";
import {
  type BarrierId,
  type BarrierRef,
  type Bytes,
  canvasIdOf,
  type Instant,
  type Namespace,
} from "../../../model/ids.ts";
import { causeOfText, factsOfText, fixedOfText } from "../../sql/barrier-text.ts";
import { createCodes } from "../../sql/codes.ts";

/** The numbers of the states of barriers, as SQL texts name them. */
export const barrierStateCode = {
  open: 0,
  succeeded: 1,
  failed: 2,
  cancelled: 3,
} as const satisfies Record<BarrierState, number>;

export const barrierStates = createCodes<BarrierState>(barrierStateCode);

const columns = (description: string): string => `
  n.name, b.id, root.id, b.state, b.size, b.sealed, b.ended, b.unsuccessful, b.attempted, b.has_rest, b.created_at, b.ended_at,
  b.fixed, b.cause, k.facts, k.purge_at, ${description}`;

/** The columns of a barrier, in the order of BarrierRow, of the tables of barrierJoins. */
export const barrierColumns = columns("k.description");
/** The same without how a canvas was written, which may be long, and is for whoever looks at it. */
export const leanColumns = columns("NULL");

/** What barrierColumns needs beside barriers b. CROSS JOIN keeps this order: a row of b leads to the others by number. */
export const barrierJoins = `
  CROSS JOIN barriers root ON root.seq = b.canvas CROSS JOIN namespaces n ON n.id = b.namespace
  LEFT JOIN canvases k ON k.seq = b.seq`;

/** One row of barrierColumns. */
export type BarrierRow = readonly [
  namespace: Namespace,
  id: BarrierId,
  canvas: BarrierId,
  state: number,
  size: number,
  sealed: number,
  ended: number,
  unsuccessful: number,
  attempted: number,
  hasRest: number,
  createdAt: Instant,
  endedAt: Instant | null,
  fixed: string,
  cause: string | null,
  facts: string | null,
  purgeAt: Instant | null,
  description: Bytes | null,
];

/** The barrier that a row means. */
export function barrierOf(row: BarrierRow): Barrier {
  const [namespace, id, canvas, state, size, sealed, ended, unsuccessful, attempted, ...rest] = row;
  const [hasRest, createdAt, endedAt, fixed, cause, facts, purgeAt, description] = rest;
  const own = { purgeAt: purgeAt ?? undefined, description: description ?? none };
  return {
    ...fixedOfText(fixed),
    ...{ namespace, id, canvas: canvasIdOf(canvas), state: barrierStates.word(state) },
    ...{ size, isSealed: sealed === 1, ended, unsuccessful, attempted, hasRest: hasRest === 1 },
    ...{ createdAt, endedAt: endedAt ?? undefined, cause: cause === null ? undefined : causeOfText(cause) },
    canvasFacts: facts === null ? undefined : factsOfText(facts, own),
  };
}

const none: Bytes = new Uint8Array();

/** Names of barriers. */
export type RefRow = readonly [namespace: Namespace, id: BarrierId];

export const refOf = ([namespace, id]: RefRow): BarrierRef => ({ namespace, id });
