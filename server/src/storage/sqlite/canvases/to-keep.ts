import type { NewCanvas } from "../../../model/canvas.ts";
import type { Addition } from "../../../ports/canvas-store.ts";
import type { PartText } from "./parts.ts";

/** A canvas as it comes to the writer: what starts later is kept as it is. */
export type CanvasToKeep = Omit<NewCanvas, "bulk" | "parts"> & { readonly parts: readonly PartText[] };
/** Further members as they come to it. */
export type AdditionToKeep = Omit<Addition, "parts"> & { readonly parts: readonly PartText[] };
