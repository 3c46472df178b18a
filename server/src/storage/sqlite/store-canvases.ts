import { StemProblem } from "../../model/problem.ts";
import type { CanvasStore } from "../../ports/canvas-store.ts";
import { partText } from "./canvases/parts.ts";
import type { KeptLogParts } from "./kept-log-store.ts";
import { createSubmitPieces } from "./submit-pieces.ts";

/** The part of the store that is about canvases. What is new has to leave room for settling. */
export function createCanvasStore({ ask, writer, reader, isDiskLow }: KeptLogParts): CanvasStore {
  const add = <T>(call: () => Promise<T>): Promise<T> =>
    ask(() => {
      if (isDiskLow()) throw new StemProblem({ reason: "STORE_FULL" });
      return call();
    });
  const submitPieces = createSubmitPieces(writer);
  return {
    submitCanvas: ({ bulk, parts, ...canvas }, now) => {
      const whole = { ...canvas, parts: parts.map(partText) };
      return add(() =>
        bulk === undefined ? writer.call("submitCanvas", whole, now) : submitPieces({ ...whole, bulk }, now),
      );
    },
    addMembers: ({ parts, ...addition }, now) =>
      add(() => writer.call("addMembers", { ...addition, parts: parts.map(partText) }, now)),
    closeBarrier: (closing) => ask(() => writer.call("closeBarrier", closing)),
    markSwept: (refs) => ask(() => writer.call("markSwept", refs)),
    pruneCanvases: (now, limit) => ask(() => writer.call("pruneCanvases", now, limit)),
    readBarriers: (refs) => ask(() => reader.call("readBarriers", refs)),
    readMembers: (page) => ask(() => reader.call("readMembers", page)),
    listBarriers: (page) => ask(() => reader.call("listBarriers", page)),
    readParts: (namespace, canvas, ids) => ask(() => reader.call("readParts", namespace, canvas, ids)),
    listCanvases: (query) => ask(() => reader.call("listCanvases", query)),
    barriersWithRest: (limit) => ask(() => reader.call("barriersWithRest", limit)),
    readRest: (ref, limit) => ask(() => reader.call("readRest", ref, limit)),
    overdueCanvases: (now, limit) => ask(() => reader.call("overdueCanvases", now, limit)),
  };
}
