/**
 * A large canvas comes in pieces, of which this thread stores each while the other one still makes the next. All of it is one transaction,
 * which whoever runs the calls begins with the first piece and ends with the canvas (threads/ahead.ts). Only what nothing is in the
 * way of is stored like that; whatever else there is to say of a canvas is said when all of it is there, and as if it had come as a whole.
 */

import { opened } from "../../../model/barrier-state.ts";
import type { PartTask } from "../../../model/canvas.ts";
import { type Instant, rootOf } from "../../../model/ids.ts";
import type { SubmitVerdict } from "../../../ports/canvas-store.ts";
import { isStored } from "../accepting.ts";
import type { BarrierEntry, Barriers } from "./barriers.ts";
import type { createStartNow } from "./start-now.ts";
import type { CanvasToKeep } from "./to-keep.ts";

/** Some of what a canvas starts with. */
export type Piece = {
  /** Tells the pieces of a canvas from those of others. */
  readonly token: number;
  /** With the first one: the canvas as far as it is known then, without its parts, hash and description; and when it comes. */
  readonly first: { readonly canvas: CanvasToKeep; readonly now: Instant } | undefined;
  /** Read from what has crossed, each time. */
  readonly tasks: () => readonly PartTask[];
};

/** How canvases come in pieces, as others ask for it. */
export type PiecesToKeep = {
  /** Keeps a piece; stores nothing. */
  takePiece(piece: Piece): void;
  /** Submits the canvas whose pieces are there. Throws where the running transaction has only some of them. */
  submitPieces(token: number, canvas: CanvasToKeep, now: Instant): SubmitVerdict;
  /** Forgets the pieces of a canvas that was answered, or does not come after all. */
  dropPieces(token: number): void;
};

/** And what the thread does about it by itself. */
export type StorePieces = {
  /** Stores what has been taken since, as far as nothing is in its way. In a transaction that goes on to submitPieces, or is undone. */
  storePieces(): void;
};

/** A canvas whose pieces come. */
type Coming = {
  readonly canvas: CanvasToKeep;
  readonly now: Instant;
  readonly pieces: Piece[];
  /** How many of them were stored, or are not to be. */
  done: number;
  /** Its barriers, of which the first is the canvas itself; undefined: nothing was stored of it. */
  entries: readonly BarrierEntry[] | undefined;
  /** Something is in the way of a piece. */
  isHeld: boolean;
};

type Steps = ReturnType<typeof createStartNow> & {
  readonly hashOf: (canvas: CanvasToKeep) => string | undefined;
  readonly submitCanvas: (canvas: CanvasToKeep, now: Instant) => SubmitVerdict;
};

/** Makes it. */
export function createPieces(barriers: Barriers, steps: Steps): PiecesToKeep & StorePieces {
  const { open, enter, keep, hashOf, submitCanvas } = steps;
  const coming = new Map<number, Coming>();
  let newest: Coming | undefined;

  function comingOf(token: number): Coming {
    const found = coming.get(token);
    if (found === undefined) throw new Error("a canvas came without its pieces");
    return found;
  }

  /** Whether what was stored of it is in the running transaction: one that was undone has forgotten its barriers. */
  function isStoredNow({ canvas: { namespace, id }, entries }: Coming): boolean {
    const [root] = entries ?? [];
    return root !== undefined && barriers.at({ namespace, id: rootOf(id) }) === root;
  }

  function store(one: Coming, { tasks }: Piece): void {
    const { canvas, now } = one;
    const within = withinOf(canvas, now);
    if (one.entries === undefined) {
      if (hashOf(canvas) !== undefined) return;
      one.entries = open({ start: canvas.start, above: aboveOf(canvas, now) }, within);
    }
    // Not all of it, should this throw.
    one.isHeld = true;
    one.isHeld = !enter(tasks(), within).verdicts.every(isStored);
  }

  return {
    takePiece(piece) {
      const { token, first } = piece;
      if (first !== undefined)
        coming.set(token, { ...first, pieces: [], done: 0, entries: undefined, isHeld: false });
      newest = comingOf(token);
      newest.pieces.push(piece);
    },

    storePieces() {
      const one = newest;
      if (one === undefined) return;
      const isFirst = one.done === 0;
      const pieces = one.pieces.slice(one.done);
      one.done = one.pieces.length;
      if (!isFirst && !isStoredNow(one)) return;
      for (const piece of pieces) if (!one.isHeld) store(one, piece);
    },

    submitPieces(token, canvas, now) {
      const one = comingOf(token);
      if (!isStoredNow(one)) {
        const tasks = one.pieces.flatMap((piece) => piece.tasks());
        return submitCanvas({ ...canvas, start: { ...canvas.start, tasks } }, now);
      }
      if (one.isHeld || one.done < one.pieces.length) throw new Error("a piece of a canvas was not stored");
      barriers.put(aboveOf(canvas, now));
      keep({ parts: canvas.parts, members: [] }, one.entries ?? [], { tasks: [], verdicts: [] }, now);
      return "accepted";
    },

    dropPieces(token) {
      if (newest === coming.get(token)) newest = undefined;
      coming.delete(token);
    },
  };
}

const withinOf = ({ namespace, lineage, id }: CanvasToKeep, now: Instant) => ({
  ...{ namespace, lineage, canvas: id, now },
});

const aboveOf = (canvas: CanvasToKeep, now: Instant) =>
  opened(canvas.root, { ...withinOf(canvas, now), facts: canvas.facts });
