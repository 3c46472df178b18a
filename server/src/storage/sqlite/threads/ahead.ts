import type { Writer } from "../writer.ts";
import type { Execute } from "./execute.ts";
import type { Request } from "./messages.ts";

/** What is stored before the request is there that it is for. */
export type Ahead = {
  /** Takes a piece of what is to come, and stores it, or forgets pieces. Answers nobody. */
  take(piece: Request): void;
  /** Goes on with the transaction in which pieces were stored, where these requests are what they are for; undoes it for all others. */
  meet(requests: readonly Request[]): void;
  /** Begins a transaction, or goes on with that one. */
  begin: Writer["begin"];
  /** Whether that transaction is open. */
  readonly isOpen: boolean;
};

/** What takes pieces in; they come one right behind the other, and behind the last one what they are for. */
export const pieceVerbs: ReadonlySet<string> = new Set(["takePiece", "dropPieces"]);

/**
 * Makes it. A transaction may stay open here while the main thread makes the next piece: it makes them all in one turn, so that
 * nobody else could ask for anything meanwhile.
 */
export function createAhead(
  writer: Pick<Writer, "begin" | "rollback"> & { readonly calls: Pick<Writer["calls"], "storePieces"> },
  { execute, mayStore }: { readonly execute: Execute; readonly mayStore: () => boolean },
): Ahead {
  let isOpen = false;

  function undo(): void {
    if (!isOpen) return;
    isOpen = false;
    writer.rollback();
  }

  return {
    take(piece) {
      execute(piece);
      if (piece.verb === "dropPieces") return undo();
      if (!mayStore()) return undefined;
      try {
        if (!isOpen) writer.begin(true);
        isOpen = true;
        writer.calls.storePieces();
      } catch {
        // What is wrong will meet the request itself, which stores everything when nothing is stored already.
        undo();
      }
      return undefined;
    },
    meet(requests) {
      if (requests[0]?.verb !== "submitPieces") undo();
    },
    begin(isDurable) {
      if (!isOpen) writer.begin(isDurable);
      isOpen = false;
    },
    get isOpen() {
      return isOpen;
    },
  };
}
