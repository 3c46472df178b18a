import type { NewCanvas, Part } from "../../model/canvas.ts";
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
import { argsOfBarrier, argsOfCause, argsOfFacts, argsOfMembers, argsOfPart, argsOfParts } from "./canvas-args.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { listOf, numberOf, textOf } from "./unpacked.ts";
import { wordOrRefusal } from "./verdicts.ts";

const operation = (name: string, grows = false): Verb => ({ room: "operations", name, grows });

type CanvasVerbs = Pick<
  CanvasStore,
  "submitCanvas" | "addMembers" | "closeBarrier" | "markSwept" | "pruneCanvases"
>;

/** Canvases, and what becomes of them from outside. */
export const createCanvasVerbs = (runner: Runner): CanvasVerbs => ({
  submitCanvas: async (canvas, now) =>
    submitVerdictOf(
      await runner.making(canvas.namespace, operation("submitCanvas", true), submitArgs(canvas, now)),
    ),
  addMembers: async (addition, now) =>
    addVerdictOf(
      await runner.ofSpace(
        addition.ref.namespace,
        operation("addMembers", true),
        additionArgs(addition, now),
      ),
    ),
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

/**
 * A canvas comes in with one script, whatever its size, as an atomic batch of tasks does: streamed in by parts, it would have to be taken
 * back where one of the later ones is refused, when workers have the tasks of the first; and a server that dies would leave it half there.
 * Ten thousand tasks take Redis some tenths of a second.
 */
const submitArgs = (canvas: NewCanvas, now: Instant): Packable => [
  canvas.id,
  argsOfBarrier(canvas.root, canvas.namespace),
  argsOfFacts(canvas.facts),
  ...startArgs(canvas, canvas.namespace),
  [canvas.lineage.parentId, canvas.lineage.rootId],
  now,
  argsOfMembers(canvas.ended),
];

const startArgs = (
  { start, parts }: { readonly start: Part; readonly parts: readonly Part[] },
  namespace: Namespace,
): readonly [Packable, Packable] => [argsOfPart(start, namespace), argsOfParts(parts, namespace)];

const additionArgs = ({ ref, members, parts, isLast }: Addition, now: Instant): Packable => [
  ref.id,
  argsOfPart(members, ref.namespace),
  members.id,
  argsOfParts(parts, ref.namespace),
  isLast,
  now,
];

const closingArgs = ({ ref, state, cause, now }: Closing): Packable => [
  ref.id,
  states.code(state),
  cause && argsOfCause(cause),
  now,
];

const submitVerdictOf = (value: Unpacked): SubmitVerdict =>
  Array.isArray(value) ? refusedOf(value) : (textOf(value) as Extract<SubmitVerdict, string>);

const refusedOf = ([task, why = false]: readonly Unpacked[]): RefusedTask => ({
  task: taskIdOf(textOf(task)),
  why: wordOrRefusal<"exists">(why),
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
