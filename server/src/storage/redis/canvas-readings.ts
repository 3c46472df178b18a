import type { Barrier, Part } from "../../model/canvas.ts";
import { growthAt } from "../../model/growth.ts";
import { type BarrierRef, barrierIdOf, type Instant, type Namespace, type PartId } from "../../model/ids.ts";
import type {
  BarrierPage,
  CanvasPage,
  CanvasQuery,
  CanvasReader,
  MemberPage,
  Rest,
} from "../../ports/canvas-reader.ts";
import { partOfText } from "../sql/barrier-text.ts";
import { inPieces, piecesOf } from "./batches.ts";
import { barrierOfRow, codeOfBarrierState, memberOfRow } from "./canvas-rows.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { headOfRow } from "./task-rows.ts";
import { listOf, maybe, numberOf, textOf } from "./unpacked.ts";
import { itemsOf } from "./verdicts.ts";

const operation = (name: string): Verb => ({ room: "operations", name });

/** What is read of canvases. */
export const createCanvasReadings = (runner: Runner): CanvasReader => {
  const ask = (namespace: Namespace, verb: string, args: Packable): Promise<Unpacked> =>
    runner.ofSpace(namespace, operation(verb), args);
  return {
    readBarriers: (refs) => readBarriers(runner, refs),
    readMembers: async (page) =>
      itemsOf(await ask(page.ref.namespace, "readMembers", memberArgs(page)), memberOfRow),
    listBarriers: async (page) =>
      itemsOf(await ask(page.namespace, "listBarriers", barrierArgs(page)), (row) =>
        barrierOfRow(page.namespace, row),
      ),
    readParts: async (namespace, canvas, ids) =>
      listOf(await ask(namespace, "readParts", [canvas, ids])).map((value, at) =>
        maybe(value, (row) => partOf(row, ids[at])),
      ),
    listCanvases: (query) => listCanvases(runner, query),
    barriersWithRest: (limit) => barriersWithRest(runner, limit),
    readRest: async ({ namespace, id }, limit) =>
      restOf(namespace, await ask(namespace, "readRest", [id, limit])),
    overdueCanvases: (now, limit) => overdueCanvases(runner, now, limit),
  };
};

const readBarriers = (
  runner: Runner,
  refs: readonly BarrierRef[],
): Promise<readonly (Barrier | undefined)[]> =>
  inPieces(
    piecesOf(refs, ({ namespace }) => namespace),
    async ({ namespace, items }) => {
      const ids = items.map(({ id }) => id);
      return itemsOf(await runner.ofSpace(namespace, operation("readBarriers"), ids), (value) =>
        maybe(value, (row) => barrierOfRow(namespace, row)),
      );
    },
  );

const memberArgs = ({ ref, after, limit, bytesMax }: MemberPage): Packable => [
  ref.id,
  after,
  limit,
  bytesMax,
];

const barrierArgs = ({ canvas, after, limit }: BarrierPage): Packable => [canvas, after, limit];

/** Of members that were added only is noted that they were. */
function partOf(value: Unpacked, id: PartId | undefined): Part {
  const [text, first, grown] = listOf(value);
  if (id === undefined) throw new RangeError("a script answered more parts than it was asked for");
  return (
    maybe(text, (said) => shiftedBy(partOfText(textOf(said)), grown)) ?? {
      ...{ id, barriers: [], tasks: [] },
      first: maybe(first, numberOf),
    }
  );
}

/** A part as it is, of which the script that kept it noted what grew by it, and from which index on. */
const shiftedBy = (part: Part, grown: Unpacked | undefined): Part =>
  maybe(grown, (said) => {
    const [id, size] = listOf(said);
    return growthAt(part, { id: barrierIdOf(textOf(id)), size: numberOf(size) });
  }) ?? part;

/** So many canvases are looked at in one script. */
const lookMax = 200;

/** One more than fits on the page tells whether there is another page. */
async function listCanvases(runner: Runner, query: CanvasQuery): Promise<CanvasPage> {
  const { namespace, states, name, tag, limit, scanMax } = query;
  const found: { readonly seq: number; readonly barrier: Barrier }[] = [];
  let { after } = query;
  for (let looked = 0; found.length <= limit && looked < scanMax; looked += lookMax) {
    const look = Math.min(lookMax, scanMax - looked);
    const args = [states.map(codeOfBarrierState), name, tag, after, look];
    const [rows = false, next] = listOf(await runner.ofSpace(namespace, operation("listCanvases"), args));
    for (const row of listOf(rows)) {
      const [seq, barrier = false] = listOf(row);
      found.push({ seq: numberOf(seq), barrier: barrierOfRow(namespace, barrier) });
    }
    after = maybe(next, numberOf);
    if (after === undefined) break;
  }
  const page = found.slice(0, limit);
  const cursor = found.length > limit ? page.at(-1)?.seq : after;
  return { canvases: page.map(({ barrier }) => barrier), cursor };
}

const refOf = (namespace: Namespace, id: Unpacked): BarrierRef => ({
  namespace,
  id: barrierIdOf(textOf(id)),
});

async function barriersWithRest(runner: Runner, limit: number): Promise<readonly BarrierRef[]> {
  const refs: BarrierRef[] = [];
  for (const namespace of await runner.names()) {
    if (refs.length >= limit) break;
    const ids = await runner.ofSpace(namespace, operation("barriersWithRest"), limit - refs.length);
    refs.push(...itemsOf(ids, (id) => refOf(namespace, id)));
  }
  return refs;
}

function restOf(namespace: Namespace, value: Unpacked): Rest {
  const [tasks = false, barriers = false] = listOf(value);
  return {
    tasks: itemsOf(tasks, (row) => headOfRow(namespace, row)),
    barriers: itemsOf(barriers, (id) => refOf(namespace, id)),
  };
}

/** The first of all namespaces; each tells its own first. */
async function overdueCanvases(runner: Runner, now: Instant, limit: number): Promise<readonly BarrierRef[]> {
  const names = await runner.names();
  const found = await Promise.all(
    names.map(async (namespace) => {
      const pairs = listOf(await runner.ofSpace(namespace, operation("overdueCanvases"), [now, limit]));
      return pairs.flatMap((id, at) =>
        at % 2 === 0 ? [{ ref: refOf(namespace, id), deadline: numberOf(pairs[at + 1]) }] : [],
      );
    }),
  );
  return found
    .flat()
    .sort((a, b) => a.deadline - b.deadline)
    .slice(0, limit)
    .map(({ ref }) => ref);
}
