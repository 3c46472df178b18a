/** A frame's or a call's settlements, sorted into what the broker gets and what is wrong in itself; and the answers, put together again. */

import { create } from "@bufbuild/protobuf";
import type { Settlement } from "@stem/proto/stem/v1/lease_pb";
import {
  type SettledItem,
  SettledItemSchema,
  type SettledTask,
  SettledTaskSchema,
} from "@stem/proto/stem/v1/worker_service_pb";
import type { SettleVerdict, TokenSettlement } from "../../broker/broker.ts";
import type { Namespace } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { type Problem, StemProblem } from "../../model/problem.ts";
import { problemToStatus } from "../problem-table.ts";
import { isProblem, under } from "./checked.ts";
import { outcomeOfProblem, type SettlementReader, settleVerdictToProto } from "./settlement.ts";

/** What came, sorted. */
export type SettlementBatch = {
  /** What the broker gets. */
  readonly settlements: readonly TokenSettlement[];
  /** The place of each of them in what came. */
  readonly places: readonly number[];
  /** What is wrong, by place. A place can have both: a result that is too large settles its task, as failed. */
  readonly problems: ReadonlyMap<number, Problem>;
};

/** How to read a batch: `path` is that of the list, such as "settle.settlements". */
export type BatchReading = {
  readonly path: string;
  readonly read: SettlementReader;
  readonly limits: Limits;
  readonly namespace: Namespace;
};

/** Reads a batch item by item. Throws BATCH_TOO_LARGE. */
export function readSettlementBatch(items: readonly Settlement[], reading: BatchReading): SettlementBatch {
  const { path, read, limits, namespace } = reading;
  if (items.length > limits.batchTasksMax) throw tooMany(path, items.length, limits);
  const settlements: TokenSettlement[] = [];
  const places: number[] = [];
  const problems = new Map<number, Problem>();
  for (const [place, item] of items.entries()) {
    const answer = read(item, namespace);
    const problem = isProblem(answer) ? answer : undefined;
    const outcome = isProblem(answer) ? outcomeOfProblem(answer, limits) : answer;
    if (problem) problems.set(place, under(problem, `${path}[${place}].`));
    if (!outcome) continue;
    settlements.push({ token: item.leaseToken, outcome });
    places.push(place);
  }
  return { settlements, places, problems };
}

/** What is not simply accepted, in order, as the stream tells it. */
export function settledItems(batch: SettlementBatch, verdicts: readonly SettleVerdict[]): SettledItem[] {
  const items: SettledItem[] = [];
  const settled = new Set(batch.problems.size > 0 ? batch.places : []);
  for (const [place, problem] of batch.problems)
    if (!settled.has(place))
      items.push(create(SettledItemSchema, { index: place, error: problemToStatus(problem) }));
  for (const [at, verdict] of verdicts.entries()) {
    const index = batch.places[at] ?? 0;
    const problem = batch.problems.get(index);
    if (verdict.kind === "accepted" && !problem) continue;
    items.push(
      create(SettledItemSchema, {
        index,
        verdict: settleVerdictToProto(verdict),
        ...(problem && { error: problemToStatus(problem) }),
      }),
    );
  }
  return batch.problems.size > 0 ? items.sort((a, b) => a.index - b.index) : items;
}

/** One answer for each that came, as the unary method tells it. */
export function settledTasks(batch: SettlementBatch, verdicts: readonly SettleVerdict[]): SettledTask[] {
  const tasks: SettledTask[] = [];
  for (const [place, problem] of batch.problems)
    tasks[place] = create(SettledTaskSchema, { error: problemToStatus(problem) });
  for (const [at, verdict] of verdicts.entries()) {
    const place = batch.places[at] ?? 0;
    const task = tasks[place] ?? create(SettledTaskSchema);
    task.verdict = settleVerdictToProto(verdict);
    tasks[place] = task;
  }
  return tasks;
}

const tooMany = (field: string, items: number, { batchTasksMax }: Limits): StemProblem =>
  new StemProblem({ reason: "BATCH_TOO_LARGE", field, items, itemsMax: batchTasksMax });
