import type { Gate } from "../../model/gate.ts";
import { stages } from "../../model/gatekeeper.ts";
import {
  type Instant,
  instantOf,
  type Namespace,
  type QueueName,
  type TaskId,
  type TaskName,
} from "../../model/ids.ts";
import { isTerminal, type TaskHead } from "../../model/task.ts";
import { reasonOfCode, states } from "../sql/codes.ts";
import { policyOfText } from "../sql/policy-text.ts";
import { tiesOfText } from "../sql/ties-text.ts";

/** The columns of a task's head, in the order of HeadRow, from tasks t, contents c, queues q, namespaces n and, where it is tied, ties x. */
export const headColumns = `
  t.seq, n.name, c.id, c.name, q.name, t.priority, c.policy, t.state, t.reason, t.revision, t.attempt, t.deliveries,
  t.fence_epoch, t.fence_seq, t.worker, t.timer_at, t.created_at, t.not_before, t.started_at, t.ended_at,
  t.cancel_at, t.cancel_reason, t.cancel_requester, c.tags, c.replay_of, c.parent_id, c.root_id,
  c.ties, t.tied, x.held`;

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
  ties: string | null,
  tied: number | null,
  held: number | null,
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
  const [cancelAt, cancelReason, cancelRequester, tags, replayOf, parentId, rootId, tieText, , held] = last;
  const state = states.word(code);
  const ties = tiesOfText(tieText);
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
    ties,
    gate: held === null ? undefined : gateAt(held, { name, ties }),
    lineage: rootId === null ? undefined : { parentId: parentId ?? undefined, rootId },
  };
}

/** Whether the row is of a task that has, or had, one in ties. */
export const isTied = (row: HeadRow): boolean => row.at(-2) !== null;

/** The gate of a task that stands at this stage. */
function gateAt(held: number, { name, ties }: Pick<TaskHead, "name" | "ties">): Gate | undefined {
  if (held === stages.ordering) return { kind: "ordering", subject: ties?.orderingKey ?? "" };
  if (held === stages.key) return { kind: "key", subject: ties?.limitKey ?? "" };
  return held === stages.name ? { kind: "name", subject: name } : undefined;
}

const timeOf = (value: number | null): Instant | undefined => (value === null ? undefined : instantOf(value));
