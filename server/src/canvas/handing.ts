import type { HandedValue } from "../model/canvas-value.ts";
import type { BarrierRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { CanvasReader } from "../ports/canvas-reader.ts";
import { readValue } from "./values.ts";

/** Reads what a barrier left that a task follows; undefined: it is gone. */
export type ReadHanded = (ref: BarrierRef) => Promise<HandedValue | undefined>;

/** What that needs. */
export type HandingDeps = {
  readonly store: Pick<CanvasReader, "readBarriers" | "readMembers">;
  readonly limits: Pick<Limits, "canvasInputItemsMax" | "canvasInputBytesMax">;
};

/** Makes it. What is beyond the bounds of what is handed by value is left out. */
export const createReadHanded =
  ({ store, limits }: HandingDeps): ReadHanded =>
  async (ref) => {
    const [barrier] = await store.readBarriers([ref]);
    if (barrier === undefined) return undefined;
    const { canvasInputItemsMax: itemsMax, canvasInputBytesMax: bytesMax } = limits;
    const { canvas, id, size } = barrier;
    return { canvas, barrier: id, size, value: await readValue(store, ref, { itemsMax, bytesMax }) };
  };
