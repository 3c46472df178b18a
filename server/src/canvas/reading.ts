/** Canvases as they are. */

import type { Barrier } from "../model/canvas.ts";
import type { NodeValue } from "../model/canvas-value.ts";
import { type BarrierId, type CanvasId, type Namespace, rootOf } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { CanvasPage, CanvasQuery, CanvasReader, MemberOutcome } from "../ports/canvas-reader.ts";
import { readValue } from "./values.ts";

/** Names one canvas. */
export type CanvasRef = { readonly namespace: Namespace; readonly id: CanvasId };

/** A canvas with those of its groups that have begun. */
export type CanvasView = { readonly canvas: Barrier; readonly groups: readonly Barrier[] };

/** Which members to list. */
export type MembersWanted = {
  readonly ref: CanvasRef;
  /** Undefined: the canvas itself, whose only member is its node. */
  readonly group: BarrierId | undefined;
  readonly after: number | undefined;
  readonly limit: number;
};

/** Members that have ended, and whether they are a list or the only one. */
export type MembersFound = Pick<Barrier, "shape"> & { readonly members: readonly MemberOutcome[] };

/** What reading needs. */
export type ReadingDeps = {
  readonly store: Pick<CanvasReader, "readBarriers" | "readMembers" | "listBarriers" | "listCanvases">;
  readonly limits: Pick<Limits, "resultBytesMax" | "canvasInputItemsMax">;
};

/** Reads canvases. Throws CANVAS_UNKNOWN. */
export type Reading = {
  /** The canvas; its groups where they are wanted, the outermost first. */
  get(ref: CanvasRef, withGroups: boolean): Promise<CanvasView>;
  list(query: CanvasQuery): Promise<CanvasPage>;
  members(wanted: MembersWanted): Promise<MembersFound>;
  /** What it left; CANVAS_NOT_SUCCEEDED, RESULT_TOO_LARGE. */
  result(ref: CanvasRef): Promise<NodeValue>;
};

/** Groups that are shown of one canvas. */
const groupsMax = 1000;

/** Makes it. */
export function createReading({ store, limits }: ReadingDeps): Reading {
  async function barrierOf({ namespace, id }: CanvasRef, group?: BarrierId): Promise<Barrier> {
    const [found] = await store.readBarriers([{ namespace, id: group ?? rootOf(id) }]);
    if (found === undefined || found.canvas !== id)
      throw new StemProblem({
        ...{ reason: "CANVAS_UNKNOWN", canvasId: id },
        ...(group !== undefined && { groupId: group }),
      });
    return found;
  }

  return {
    async get(ref, withGroups) {
      const canvas = await barrierOf(ref);
      if (!withGroups) return { canvas, groups: [] };
      const { namespace, id } = ref;
      // One more than is shown: the canvas is among them.
      const all = await store.listBarriers({ namespace, canvas: id, after: undefined, limit: groupsMax + 1 });
      return { canvas, groups: outermostFirst(canvas, all) };
    },
    list: (query) => store.listCanvases(query),
    async members({ ref, group, after, limit }) {
      const { namespace, id, shape } = await barrierOf(ref, group);
      const bytesMax = limits.resultBytesMax;
      return { shape, members: await store.readMembers({ ref: { namespace, id }, after, limit, bytesMax }) };
    },
    async result(ref) {
      const { namespace, id, state } = await barrierOf(ref);
      if (state !== "succeeded")
        throw new StemProblem({ reason: "CANVAS_NOT_SUCCEEDED", canvasId: ref.id, state });
      const { resultBytesMax: bytesMax, canvasInputItemsMax: itemsMax } = limits;
      const value = await readValue(store, { namespace, id }, { itemsMax, bytesMax });
      if (value === undefined)
        throw new StemProblem({ reason: "RESULT_TOO_LARGE", field: "value", bytes: bytesMax + 1, bytesMax });
      return value;
    },
  };
}

/** By how many they are in, then by their place among the members of one. */
function outermostFirst(canvas: Barrier, all: readonly Barrier[]): readonly Barrier[] {
  const under = Map.groupBy(all, ({ place }) => place?.barrier);
  const found: Barrier[] = [];
  for (let level: readonly Barrier[] = [canvas]; level.length > 0; ) {
    level = level.flatMap(({ id }) =>
      (under.get(id) ?? []).toSorted((a, b) => (a.place?.index ?? 0) - (b.place?.index ?? 0)),
    );
    found.push(...level);
  }
  return found;
}
