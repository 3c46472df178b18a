/**
 * Canvases: trees of tasks that the server drives. This room takes them in, adds to them, shows, cancels and sweeps them; what an end
 * means in one is decided in model/barrier.ts, in the transaction of that end. Read on in expand.ts (what a tree is once it starts),
 * submit.ts, growth.ts, values.ts (what barriers leave), sweep.ts, retry.ts (how what did not succeed of one is submitted as another).
 */

export type { CanvasExplained } from "./explain.ts";
export type { MarkFamily } from "./mark-family.ts";
export type { CanvasRef, CanvasView, MembersWanted } from "./reading.ts";
export { type CanvasDeps, type Canvases, createCanvases } from "./room.ts";
export type { CanvasSubmission, MembersSubmission } from "./submit.ts";
export { withCanvasBells } from "./watch.ts";
