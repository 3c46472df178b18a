import {
  type EnqueueVerdict,
  type StreamTasksResponse,
  UniqueOutcomeKind,
} from "@stem/proto/stem/v1/task_service_pb";
import { problemFromStatus } from "./problem-from.ts";
import type { EnqueueOutcome, UniqueConflictKind } from "./publisher.ts";

const stored: EnqueueOutcome = { kind: "stored", deduplicated: false };
const storedBefore: EnqueueOutcome = { kind: "stored", deduplicated: true };

const kinds: Readonly<Record<number, UniqueConflictKind>> = {
  [UniqueOutcomeKind.EXISTING]: "existing",
  [UniqueOutcomeKind.UPDATED]: "updated",
  [UniqueOutcomeKind.REPLACED]: "replaced",
};

/** What a verdict tells. */
export function outcomeOf({ error, deduplicated, unique, taskId }: EnqueueVerdict): EnqueueOutcome {
  if (error) return { kind: "refused", problem: problemFromStatus(error) };
  const kind = unique && kinds[unique.kind];
  if (kind !== undefined) return { kind: "stored", deduplicated, unique: { kind, taskId } };
  return deduplicated ? storedBefore : stored;
}

/** What the answer to a frame of so many tasks tells, which has the exceptions only. */
export function outcomesOf({ exceptions }: StreamTasksResponse, count: number): EnqueueOutcome[] {
  const outcomes = new Array<EnqueueOutcome>(count).fill(stored);
  for (const { index, verdict } of exceptions) if (verdict) outcomes[index] = outcomeOf(verdict);
  return outcomes;
}
