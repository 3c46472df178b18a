import { faultOf, StoreFault, textOf } from "../problems.ts";
import type { Writer } from "../writer.ts";
import { type Execute, failure, type Outgoing, success } from "./execute.ts";
import type { Request } from "./messages.ts";

/** Commits requests together and answers each. */
export type GroupCommit = (requests: readonly Request[]) => readonly Outgoing[];

/** What a group needs. */
export type GroupDeps = {
  readonly writer: Pick<Writer, "begin" | "commit" | "rollback">;
  /** Runs one request in the open transaction. */
  readonly execute: Execute;
  /** Whether a request must be on the disk before it is answered. */
  readonly isDurable: (request: Request) => boolean;
  /** Whether a request is to see what all others of its group do. */
  readonly runsLast: (request: Request) => boolean;
  /** The disk is full: makes room for what runs. Throws only when the file is broken. */
  readonly onFull: () => void;
};

/**
 * Makes the group commit: all requests that wait are one transaction, and share its sync. None of them was answered before another one
 * was made, so that any order is right; claims come last, to bring what the group makes ready. When one fails the transaction is undone, and each has one of its own, so that only the faulty one suffers. Once the file is broken nothing is touched any more.
 */
export function createGroupCommit({ writer, execute, isDurable, runsLast, onFull }: GroupDeps): GroupCommit {
  let broken: StoreFault | undefined;

  function commit(requests: readonly Request[]): Outgoing[] {
    if (broken !== undefined) throw broken;
    try {
      writer.begin(requests.some(isDurable));
      const [last, first] = [requests.filter(runsLast), requests.filter((each) => !runsLast(each))];
      const answers = [...first, ...last].map((request) => success(request, execute(request)));
      writer.commit();
      return answers;
    } catch (error) {
      recover(error);
      throw error;
    }
  }

  function recover(error: unknown): void {
    const fault = faultOf(error);
    if (fault === "broken") {
      broken = new StoreFault("broken", textOf(error));
      return;
    }
    writer.rollback();
    if (fault !== "full") return;
    try {
      onFull();
    } catch (worse) {
      broken = new StoreFault("broken", textOf(worse));
    }
  }

  function commitAlone(request: Request): readonly Outgoing[] {
    try {
      return commit([request]);
    } catch (error) {
      return [failure(request, error)];
    }
  }

  return (requests) => {
    try {
      return commit(requests);
    } catch {
      // Who it was will show: each has its own transaction now, and its own answer.
      return requests.flatMap(commitAlone);
    }
  };
}
