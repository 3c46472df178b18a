/** What the other rooms are lent of the edge's knowledge: how tasks and failures are encoded, and how what came in
 * by SQL, and what schedules keep, is read. */

export { createGrowthFailure } from "./convert/canvas-growth.ts";
export { markFamily, markSlot } from "./convert/content-marks.ts";
export { createReadTarget, isSameTarget } from "./convert/schedule-target.ts";
export { createAssemble } from "./convert/task-input.ts";
export { createInboxLoop } from "./inbox.ts";
