import type { Barrier, BarrierState } from "../../model/canvas.ts";
import type { BarrierId, Bytes, CanvasId, Instant, Namespace } from "../../model/ids.ts";
import { causeOfText, factsOfText, fixedOfText } from "../sql/barrier-text.ts";
import { createCodes } from "../sql/codes.ts";

/** The numbers of the states of barriers; indexes name the first. */
export const barrierStates = createCodes<BarrierState>({ open: 0, succeeded: 1, failed: 2, cancelled: 3 });

const columnsWith = (description: string): string => `
  b.id, b.canvas, b.state, b.size, b.sealed, b.ended, b.unsuccessful, b.attempted, b.rest, b.created_at, b.ended_at,
  b.cause, b.fixed, b.facts, b.purge_at, ${description}`;

/** The columns of a barrier, from barriers b. */
export const barrierColumns = columnsWith("b.description");

/** The same where nobody looks at how a canvas was written. */
export const decidingColumns = columnsWith("NULL::bytea");

/** One row of barrierColumns. */
export type BarrierRow = readonly [
  id: BarrierId,
  canvas: CanvasId,
  state: number,
  size: number,
  isSealed: boolean,
  ended: number,
  unsuccessful: number,
  attempted: number,
  hasRest: boolean,
  createdAt: Instant,
  endedAt: Instant | null,
  cause: string | null,
  fixed: string,
  facts: string | null,
  purgeAt: Instant | null,
  description: Bytes | null,
];

const nothing = new Uint8Array();

/** The barrier that a row of a namespace means. */
export function barrierOf(namespace: Namespace, row: BarrierRow): Barrier {
  const [id, canvas, state, size, isSealed, ended, unsuccessful, attempted, hasRest, ...rest] = row;
  const [createdAt, endedAt, cause, fixed, facts, purgeAt, description] = rest;
  return {
    ...fixedOfText(fixed),
    ...{ namespace, id, canvas, size, isSealed, ended, unsuccessful, attempted, hasRest, createdAt },
    state: barrierStates.word(state),
    endedAt: endedAt ?? undefined,
    cause: cause === null ? undefined : causeOfText(cause),
    canvasFacts:
      facts === null
        ? undefined
        : factsOfText(facts, { purgeAt: purgeAt ?? undefined, description: description ?? nothing }),
  };
}
