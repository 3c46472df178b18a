import { digestOf } from "../lib/digest.ts";
import { canvasIdOf, taskIdOf } from "./ids.ts";
import type { Schedule, Slot, Started } from "./schedule-record.ts";

/**
 * What a slot starts, by id: the same for every server and every attempt. It follows from the schedule, its revision and the slot; of what
 * somebody asked for, from the request.
 */
export function startedBy(
  { namespace, id, createdAt, revision, settings }: Schedule,
  { slot, cause, request }: Pick<Slot, "slot" | "cause" | "request">,
): Started {
  const asked = request === undefined ? ["slot", String(revision)] : [cause, request];
  // A schedule may be deleted and made again: its time of creation keeps the two apart.
  const schedule = ["beat", namespace, id, String(createdAt)];
  // Whoever triggers twice by one request means the same; a backfill has many slots.
  const which = cause === "trigger" ? "" : String(slot);
  const text = digestOf([...schedule, ...asked, which]);
  return settings.target.kind === "task"
    ? { kind: "task", id: taskIdOf(text) }
    : { kind: "canvas", id: canvasIdOf(text) };
}
