import type { CanvasStore } from "../../ports/canvas-store.ts";
import { wholeCanvas } from "../whole-canvas.ts";
import { addMembers } from "./add-members.ts";
import type { Asking } from "./asking.ts";
import {
  barriersWithRest,
  listBarriers,
  overdueCanvases,
  readBarriers,
  readMembers,
  readRest,
} from "./canvas-readings.ts";
import { listCanvases } from "./list-canvases.ts";
import { readParts } from "./parts.ts";
import { submitCanvas } from "./submit-canvas.ts";
import { closeBarrier, markSwept, pruneCanvases } from "./sweep-canvases.ts";

/** Canvases. What ends of their tasks mean for them: accept-owed.ts. */
export const createCanvasStore = ({ lane, read }: Asking): CanvasStore => ({
  async submitCanvas(canvas, now) {
    const whole = wholeCanvas(canvas);
    return lane.call({}, (work) => submitCanvas(work, whole, now));
  },
  addMembers: (addition, now) => lane.call({}, (work) => addMembers(work, addition, now)),
  closeBarrier: (closing) => lane.call({}, (work) => closeBarrier(work, closing)),
  markSwept: (refs) => lane.call({}, (work) => markSwept(work, refs)),
  pruneCanvases: (now, limit) => lane.call({}, (work) => pruneCanvases(work, now, limit)),
  readBarriers: (refs) => read((db) => readBarriers(db, refs)),
  readMembers: (page) => read((db) => readMembers(db, page)),
  listBarriers: (page) => read((db) => listBarriers(db, page)),
  readParts: (namespace, canvas, ids) =>
    read((db) =>
      readParts(
        db,
        ids.map((id) => ({ namespace, canvas, id })),
      ),
    ),
  listCanvases: (query) => read((db) => listCanvases(db, query)),
  barriersWithRest: (limit) => read((db) => barriersWithRest(db, limit)),
  readRest: (ref, limit) => read((db) => readRest(db, ref, limit)),
  overdueCanvases: (now, limit) => read((db) => overdueCanvases(db, now, limit)),
});
