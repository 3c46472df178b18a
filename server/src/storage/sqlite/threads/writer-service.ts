import { dirname } from "node:path";
import { releaseBallast } from "../files/ballast.ts";
import { freeBytesNow } from "../files/disk.ts";
import { faultOf, StoreFault } from "../problems.ts";
import { openWriter, type Writer, type WriterOptions } from "../writer.ts";
import { createAhead, pieceVerbs } from "./ahead.ts";
import { attempt, createExecute, failure, type Outgoing } from "./execute.ts";
import { createGroupCommit } from "./group.ts";
import type { Request } from "./messages.ts";
import type { Service } from "./serve.ts";
import { type WriterCalls, type WriterControls, writerVerbs } from "./writer-verbs.ts";

/** These run between transactions; all others inside. */
const controls = new Set<string>(["open", "checkpoint", "resumeAccepting", "close"]);

/** These take room for something new, and are refused while the disk is full. */
const takesRoom = new Set<string>([
  ...[
    "accept",
    "submitCanvas",
    "submitPieces",
    "addMembers",
    "fireSchedules",
    "writeOutput",
    "emitQueueEvent",
  ],
]);

/** A lease that is lost with the power was never held: before anybody could settle it, a new server raises the epoch. */
const needNoSync = new Set<string>(["claim", "extend", "openGates"]);

/** Opens the writer of a file as the service of its thread. */
export function openWriterService(options: WriterOptions): Service {
  const writer = openWriter(options);
  let isFull = false;
  let isClosed = false;

  const calls: WriterCalls & WriterControls = {
    ...writer.calls,
    open: () => ({ refused: undefined }),
    checkpoint: writer.checkpoint,
    resumeAccepting: () => {
      isFull = false;
    },
    close: () => {
      isClosed = true;
      writer.close();
    },
  };
  const execute = createExecute(writerVerbs, calls);
  const ahead = createAhead(writer, { execute, mayStore: () => !isFull });
  const commit = createGroupCommit({
    writer: { ...writer, begin: ahead.begin },
    execute: (request) => {
      if (isRefused(request)) throw diskFull();
      return execute(request);
    },
    isDurable: ({ verb }) => !needNoSync.has(verb),
    runsLast: ({ verb }) => verb === "claim",
    onFull: () => {
      isFull = true;
      makeRoom(writer, options.path);
    },
  });

  const isRefused = ({ verb }: Request): boolean => isFull && takesRoom.has(verb);
  const standsAlone = (request: Request): boolean =>
    controls.has(request.verb) || pieceVerbs.has(request.verb) || isRefused(request);

  /** Answers alike requests: all that share a commit, or one that has none. */
  function runAlike(requests: readonly Request[]): readonly Outgoing[] {
    const [first] = requests;
    if (first === undefined) return [];
    if (pieceVerbs.has(first.verb)) {
      ahead.take(first);
      return [];
    }
    ahead.meet(requests);
    if (controls.has(first.verb)) return [attempt(first, execute)];
    return isRefused(first) ? [failure(first, diskFull())] : commit(requests);
  }

  return {
    run: (requests) => runsOfAlike(requests, standsAlone).flatMap(runAlike),
    // In a transaction there is no news yet, and the log cannot be asked.
    takeGateNews: () => (ahead.isOpen ? undefined : writer.takeGateNews()),
    walPages: () => (isClosed || ahead.isOpen ? undefined : writer.walPages()),
    get isClosed() {
      return isClosed;
    },
  };
}

/**
 * Gives the ballast back to the disk. Spends it on copying the log, where it is enough for all that is not copied: then the log
 * starts again at its beginning, and its own length is room. Otherwise settlements would lengthen it until the ballast is used up.
 */
function makeRoom(writer: Writer, path: string): void {
  releaseBallast(path);
  try {
    if (writer.walBytesUncopied() <= freeBytesNow(dirname(path))) writer.checkpoint();
  } catch (error) {
    // Somebody else took the room, or copies already; the requests that wait will show what it comes to.
    const fault = faultOf(error);
    if (fault !== "full" && fault !== "busy") throw error;
  }
}

const diskFull = (): StoreFault => new StoreFault("full", "the disk is full");

/** Cuts a list where it must be: what stands alone is a run of its own, what does not is taken together. */
function runsOfAlike(requests: readonly Request[], standsAlone: (request: Request) => boolean): Request[][] {
  const runs: Request[][] = [];
  let open: Request[] | undefined;
  for (const request of requests) {
    if (standsAlone(request)) {
      runs.push([request]);
      open = undefined;
    } else if (open === undefined) {
      open = [request];
      runs.push(open);
    } else {
      open.push(request);
    }
  }
  return runs;
}
