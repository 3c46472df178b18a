/** What the main thread may ask of the writing one about what starts tasks: canvases and schedules. */

import type { Store } from "../../../ports/store.ts";
import type { CanvasesToKeep } from "../canvases/submit.ts";
import {
  addMembersVerb,
  closeBarrierVerb,
  submitCanvasVerb,
  submitPiecesVerb,
  takePieceVerb,
} from "../packets/canvas.ts";
import { fireSchedulesVerb } from "../packets/fire.ts";
import { putScheduleVerb } from "../packets/schedule.ts";
import type { SchedulesToKeep } from "../schedules/calls.ts";
import { type Sync, small, type VerbTable } from "./verb.ts";

/** What the writing thread does about them. */
export type StartCalls = Sync<
  Pick<Store, "closeBarrier" | "markSwept" | "pruneCanvases" | "deleteSchedule">
> &
  CanvasesToKeep &
  SchedulesToKeep;

export const startVerbs: VerbTable<StartCalls> = {
  submitCanvas: submitCanvasVerb,
  takePiece: takePieceVerb,
  submitPieces: submitPiecesVerb,
  dropPieces: small(),
  addMembers: addMembersVerb,
  closeBarrier: closeBarrierVerb,
  markSwept: { ...small(), items: ([swept]) => swept.length },
  pruneCanvases: { ...small(), items: ([, limit]) => limit },
  putSchedule: putScheduleVerb,
  deleteSchedule: small(),
  fireSchedules: fireSchedulesVerb,
};
