import type { NewCanvas } from "../../model/canvas.ts";
import { type Instant, type Namespace, taskIdOf } from "../../model/ids.ts";
import type {
  Addition,
  AddVerdict,
  CanvasStore,
  Closing,
  RefusedTask,
  SubmitVerdict,
} from "../../ports/canvas-store.ts";
import { states } from "../sql/codes.ts";
import { inPieces, piecesOf } from "./batches.ts";
import {
  argsOfBarrier,
  argsOfCause,
  argsOfEnded,
  argsOfFacts,
  argsOfMembers,
  argsOfPart,
  argsOfParts,
  type Pieces,
  piecesOfPart,
} from "./canvas-args.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { listOf, numberOf, textOf } from "./unpacked.ts";
import { acceptVerdictOf } from "./verdicts.ts";

const operation = (name: string, grows = false): Verb => ({ room: "operations", name, grows });

type CanvasVerbs = Pick<
  CanvasStore,
  "submitCanvas" | "addMembers" | "closeBarrier" | "markSwept" | "pruneCanvases"
>;

/** Canvases, and what becomes of them from outside. */
export const createCanvasVerbs = (runner: Runner): CanvasVerbs => ({
  submitCanvas: (canvas, now) => submitCanvas(runner, canvas, now),
  addMembers: (addition, now) => addMembers(runner, addition, now),
  closeBarrier: async (closing) =>
    (await runner.ofSpace(closing.ref.namespace, operation("closeBarrier"), closingArgs(closing))) === true,
  async markSwept(refs) {
    await inPieces(
      piecesOf(refs, ({ namespace }) => namespace),
      async ({ namespace, items }) => {
        const ids = items.map(({ id }) => id);
        await runner.ofSpace(namespace, operation("markSwept"), ids);
        return items;
      },
    );
  },
  pruneCanvases: (now, limit) => pruneCanvases(runner, now, limit),
});

async function submitCanvas(runner: Runner, canvas: NewCanvas, now: Instant): Promise<SubmitVerdict> {
  const { namespace, id, root, facts, start, parts, lineage, ended } = canvas;
  const pieces = piecesOfPart(start, namespace);
  const refused = await judge(runner, { namespace, pieces, now, asked: [id, false, false] });
  if (refused !== undefined) return refused;
  const answer = await runner.making(namespace, operation("submitCanvas", true), [
    id,
    argsOfBarrier(root, namespace),
    argsOfFacts(facts),
    argsOfPart(start, namespace, pieces),
    isJudged(pieces),
    argsOfParts(parts, namespace),
    [lineage.parentId, lineage.rootId],
    now,
    argsOfEnded(ended),
  ]);
  return Array.isArray(answer) ? refusedOf(answer) : (textOf(answer) as Extract<SubmitVerdict, string>);
}

async function addMembers(runner: Runner, addition: Addition, now: Instant): Promise<AddVerdict> {
  const { ref, members, parts, isLast } = addition;
  const { namespace } = ref;
  const pieces = piecesOfPart(members, namespace);
  const refused = await judge(runner, { namespace, pieces, now, asked: [false, ref.id, members.id] });
  if (refused !== undefined) return { kind: "refused", ...refused };
  const answer = await runner.ofSpace(namespace, operation("addMembers", true), [
    ref.id,
    argsOfMembers(members, namespace, pieces),
    isJudged(pieces),
    members.id,
    argsOfParts(parts, namespace),
    isLast,
    now,
  ]);
  return addVerdictOf(answer);
}

/** So many pieces are judged by the script that stores them. */
const judgedThereMax = 4;

const isJudged = (pieces: Pieces): boolean => pieces.length > judgedThereMax;

type Judging = {
  readonly namespace: Namespace;
  readonly pieces: Pieces;
  readonly now: Instant;
  /** Canvas, barrier and part that they are for: a repeat is not judged. */
  readonly asked: readonly Packable[];
};

/**
 * The first task that keeps a large part out. It is judged piece by piece before any of it is stored, so that no script takes long; the
 * one that stores it takes all of it or nothing, and does not look again: what comes in between may at worst have an id that is one of
 * its tasks', which then has failed, as if it had come a moment later.
 */
async function judge(
  runner: Runner,
  { namespace, pieces, now, asked }: Judging,
): Promise<RefusedTask | undefined> {
  if (!isJudged(pieces)) return undefined;
  const byQueue: Record<string, number> = {};
  let [count, bytes] = [0, 0];
  for (const { tasks, packed } of pieces) {
    const args = [...asked, packed, [count, bytes, byQueue], now];
    const answer = await runner.ofSpace(namespace, operation("judgePart"), args);
    if (answer !== false) return refusedOf(listOf(answer));
    for (const { task } of tasks) {
      byQueue[task.queue] = (byQueue[task.queue] ?? 0) + 1;
      count += 1;
      bytes += task.content.length;
    }
  }
  return undefined;
}

const closingArgs = ({ ref, state, cause, now }: Closing): Packable => [
  ref.id,
  states.code(state),
  cause && argsOfCause(cause),
  now,
];

const refusedOf = ([task, why = false]: readonly Unpacked[]): RefusedTask => ({
  task: taskIdOf(textOf(task)),
  // Nothing else than these keeps a task out.
  why: acceptVerdictOf(why) as RefusedTask["why"],
});

function addVerdictOf(value: Unpacked): AddVerdict {
  const [word, said] = listOf(value);
  const kind = textOf(word) as AddVerdict["kind"];
  if (kind === "added" || kind === "duplicate") return { kind, first: numberOf(said) };
  return kind === "refused" ? { kind, ...refusedOf(listOf(said)) } : { kind };
}

/** So many barriers go with one script: it is over in a few milliseconds. */
const barriersMax = 500;

async function pruneCanvases(runner: Runner, now: Instant, limit: number): Promise<number> {
  let gone = 0;
  for (const namespace of await runner.names())
    for (let isMore = true; isMore && gone < limit; ) {
      const args = [now, limit - gone, barriersMax];
      const [count, more] = listOf(await runner.ofSpace(namespace, operation("pruneCanvases"), args));
      gone += numberOf(count);
      isMore = more === true;
    }
  return gone;
}
