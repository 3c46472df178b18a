import type { NewCanvas } from "../../model/canvas.ts";
import type { Instant } from "../../model/ids.ts";
import type { Addition, AddVerdict, CanvasStore, Closing, SubmitVerdict } from "../../ports/canvas-store.ts";
import { states } from "../sql/codes.ts";
import { wholeCanvas } from "../whole-canvas.ts";
import { inPieces, piecesOf } from "./batches.ts";
import { argsOfCause, argsOfMembers, argsOfParts, piecesOfPart } from "./canvas-args.ts";
import { enterCanvas, isJudged, judge, refusedOf } from "./canvas-entry.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { listOf, numberOf, textOf } from "./unpacked.ts";

const operation = (name: string, grows = false): Verb => ({ room: "operations", name, grows });

type CanvasVerbs = Pick<
  CanvasStore,
  "submitCanvas" | "addMembers" | "closeBarrier" | "markSwept" | "pruneCanvases"
>;

/** Canvases, and what becomes of them from outside. */
export const createCanvasVerbs = (runner: Runner): CanvasVerbs => ({
  submitCanvas: async (canvas, now) => submitCanvas(runner, wholeCanvas(canvas), now),
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
  const entry = await enterCanvas(runner, canvas, now);
  if ("refused" in entry) return entry.refused;
  const answer = await runner.making(canvas.namespace, operation("submitCanvas", true), entry.args);
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

const closingArgs = ({ ref, state, cause, now }: Closing): Packable => [
  ref.id,
  states.code(state),
  cause && argsOfCause(cause),
  now,
];

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
