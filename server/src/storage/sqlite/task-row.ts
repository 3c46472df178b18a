import {
  type Instant,
  instantOf,
  type Namespace,
  type QueueName,
  type TaskId,
  type TaskName,
} from "../../model/ids.ts";
import { isTerminal, type TaskHead } from "../../model/task.ts";
import { reasonOfCode, states } from "./codes.ts";
import { policyOfText } from "./policy-text.ts";

/** The columns of a task's head, in the order of HeadRow, from tasks t, contents c, queues q and namespaces n. */
export const headColumns = `
  t.seq, n.name, c.id, c.name, q.name, t.priority, c.policy, t.state, t.reason, t.revision, t.attempt, t.deliveries,
  t.fence_epoch, t.fence_seq, t.worker, t.timer_at, t.created_at, t.not_before, t.started_at, t.ended_at,
  t.cancel_at, t.cancel_reason, t.cancel_requester, c.tags, c.replay_of, c.parent_id, c.root_id`;

/** What headColumns needs beside tasks t. CROSS JOIN keeps this order: a row of t leads to the others by number. */
export const headJoins = `
  CROSS JOIN contents c ON c.seq = t.seq CROSS JOIN queues q ON q.id = t.queue CROSS JOIN namespaces n ON n.id = c.namespace`;

/** One row of headColumns. */
export type HeadRow = readonly [
  seq: number,
  namespace: Namespace,
  id: TaskId,
  name: TaskName,
  queue: QueueName,
  priority: number,
  policy: string,
  state: number,
  reason: number,
  revision: number,
  attempt: number,
  deliveries: number,
  fenceEpoch: number,
  fenceSeq: number,
  worker: string | null,
  timerAt: number | null,
  createdAt: Instant,
  notBefore: number | null,
  startedAt: number | null,
  endedAt: number | null,
  cancelAt: Instant | null,
  cancelReason: string | null,
  cancelRequester: string | null,
  tags: string | null,
  replayOf: TaskId | null,
  parentId: TaskId | null,
  rootId: TaskId | null,
];

/** The head that a row means. */
export function headOf(row: HeadRow): TaskHead {
  const [
    ,
    namespace,
    id,
    name,
    queue,
    priority,
    policy,
    code,
    reason,
    revision,
    attempt,
    deliveries,
    ...rest
  ] = row;
  const [fenceEpoch, fenceSeq, worker, timerAt, createdAt, notBefore, startedAt, endedAt, ...last] = rest;
  const [cancelAt, cancelReason, cancelRequester, tags, replayOf, parentId, rootId] = last;
  const state = states.word(code);
  return {
    namespace,
    id,
    name,
    queue,
    priority,
    policy: policyOfText(policy),
    state,
    reason: reasonOfCode(reason),
    revision,
    attempt,
    deliveries,
    fence: fenceSeq === 0 ? undefined : { epoch: fenceEpoch, seq: fenceSeq },
    worker: worker ?? undefined,
    createdAt,
    notBefore: timeOf(notBefore),
    startedAt: timeOf(startedAt),
    leaseUntil: state === "leased" ? timeOf(timerAt) : undefined,
    endedAt: timeOf(endedAt),
    purgeAt: isTerminal(state) ? timeOf(timerAt) : undefined,
    cancel:
      cancelAt === null
        ? undefined
        : { at: cancelAt, reason: cancelReason ?? "", requester: cancelRequester ?? undefined },
    tags: tags === null ? [] : (JSON.parse(tags) as string[]),
    replayOf: replayOf ?? undefined,
    lineage: rootId === null ? undefined : { parentId: parentId ?? undefined, rootId },
  };
}

const timeOf = (value: number | null): Instant | undefined => (value === null ? undefined : instantOf(value));
