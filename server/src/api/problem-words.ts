/** What problems of the same kind have in common on the wire: their words and their details. */

import type { Any } from "@bufbuild/protobuf/wkt";
import type { FieldViolation, Problem, Reason } from "../model/problem.ts";
import { badRequest, clip } from "./problem-details.ts";

type Of<R extends Reason> = Extract<Problem, { reason: R }>;

/** What a queue or a namespace is that takes nothing. */
export const sayState = (state: "closed" | "disabled" | "deleting"): string =>
  state === "deleting" ? "being deleted" : state;

/** What was changed by somebody else. */
export function conflictOf(problem: Of<"REVISION_CONFLICT">): string {
  if ("taskId" in problem) return `task ${problem.taskId}`;
  if ("queue" in problem) return `queue ${problem.queue}`;
  if ("schedule" in problem) return `schedule ${problem.schedule}`;
  return `${"subject" in problem ? "" : "the routing of "}namespace ${problem.namespace}`;
}

/** What keeps a queue from being deleted, a sentence each. */
export const usesOf = ({ backlog, failed, routes }: Of<"QUEUE_IN_USE">): readonly string[] => [
  ...(backlog > 0 ? [`${backlog} tasks in it have not ended`] : []),
  ...(failed > 0 ? [`${failed} dead letters are in it`] : []),
  ...routes.map((route) => `the routing names it: ${route}`),
];

type WithViolations = { readonly violations: readonly FieldViolation[] };
type WithBytes = { readonly field: string; readonly bytes: number; readonly bytesMax: number };

/** The first field that is wrong, and how many more are. */
export function sayViolations({ violations }: WithViolations): string {
  const [first] = violations;
  if (!first) return "the request is invalid";
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  const where = first.field ? `${clip(first.field)}: ` : "";
  return `${where}${clip(first.description)}${more}`;
}

/** All fields that are wrong. */
export function violationDetails({ violations }: WithViolations): readonly Any[] {
  return [badRequest(violations)];
}

/** What is too large. */
export function sayBytes({ field, bytes, bytesMax }: WithBytes): string {
  return `${field}: ${bytes} bytes; the limit is ${bytesMax}`;
}

/** The field that is too large. */
export function sizeDetails({ field, bytesMax }: WithBytes): readonly Any[] {
  return [badRequest([{ field, description: `must have at most ${bytesMax} bytes` }])];
}
