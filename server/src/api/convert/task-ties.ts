/** What options say that ties a task to others, or to certain workers: which rules it breaks, and what it asks for. */

import type { TaskOptions } from "@stem/proto/stem/v1/task_pb";
import type { TaskTies } from "../../model/gate.ts";
import type { Limits } from "../../model/limits.ts";
import type { FieldViolation } from "../../model/problem.ts";
import { entryPath } from "./checked.ts";
import { fieldText } from "./field-text.ts";

type Ties = Pick<TaskOptions, "limitKey" | "orderingKey" | "fairnessKey" | "requiredLabels">;

const printable = /^[\x21-\x7e]+$/;
const labelKey = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;
const labelValue = /^[\x21-\x7e]{0,255}$/;

/** Adds every rule that ties break to `found`. */
export function taskTiesViolations(ties: Ties, limits: Limits, found: FieldViolation[]): void {
  checkKey("options.limit_key", ties.limitKey, limits, found);
  checkKey("options.ordering_key", ties.orderingKey, limits, found);
  checkKey("options.fairness_key", ties.fairnessKey, limits, found);
  checkLabels(ties.requiredLabels, limits, found);
}

/** What options say that ties the task; undefined where they say nothing of the sort. */
export function taskTies({ limitKey, orderingKey, fairnessKey, requiredLabels }: Ties): TaskTies | undefined {
  const labels = isEmpty(requiredLabels) ? undefined : { ...requiredLabels };
  return (limitKey ?? orderingKey ?? fairnessKey ?? labels) === undefined
    ? undefined
    : { limitKey, orderingKey, fairnessKey, labels };
}

function checkKey(
  field: string,
  text: string | undefined,
  { limitKeyCharsMax }: Limits,
  found: FieldViolation[],
): void {
  if (text !== undefined && !(text.length <= limitKeyCharsMax && (text === "" || printable.test(text))))
    found.push({ field, description: fieldText.taskName });
}

function checkLabels(
  labels: Ties["requiredLabels"],
  { requiredLabelsMax }: Limits,
  found: FieldViolation[],
): void {
  if (isEmpty(labels)) return;
  const field = "options.required_labels";
  const entries = Object.entries(labels);
  if (entries.length > requiredLabelsMax) {
    found.push({ field, description: `must have at most ${requiredLabelsMax} entries` });
    return;
  }
  for (const [key, value] of entries)
    if (!labelKey.test(key) || !labelValue.test(value))
      found.push({ field: entryPath(field, key), description: fieldText.label });
}

function isEmpty(labels: Ties["requiredLabels"]): boolean {
  for (const _ in labels) return false;
  return true;
}
