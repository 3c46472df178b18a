/**
 * What the end of a task makes, as pure decisions: a transition says that it continues (task-change.ts), the store hands in the links
 * that were kept with the task, and inserts what comes out in the transaction that ends it. What a canvas makes of it: barrier.ts.
 */

import { digestOf } from "../lib/digest.ts";
import {
  type Bytes,
  type Instant,
  type Namespace,
  plus,
  type TaskId,
  type TaskName,
  taskIdOf,
} from "./ids.ts";
import type { Link, LinkedEnd, NewTask, StateReason, TaskInput, TaskPolicy } from "./task.ts";

/** A task that has ended, as far as those that follow it are concerned. */
export type EndedTask = {
  readonly namespace: Namespace;
  readonly id: TaskId;
  readonly name: TaskName;
  /** The first of its family; undefined: that is itself. */
  readonly rootId: TaskId | undefined;
  readonly on: LinkedEnd;
  readonly reason: StateReason | undefined;
  readonly attempt: number;
  /** Its result or its failure, encoded. */
  readonly data: Bytes | undefined;
};

/** The tasks that an end makes. Whoever asks twice gets the same ids, so that what was made once is not made again. */
export const childrenOf = (links: readonly Link[], parent: EndedTask, now: Instant): readonly NewTask[] =>
  links
    .filter(({ on }) => on === parent.on)
    .map((link, place) => {
      const { namespace, id } = parent;
      const rootId = parent.rootId ?? id;
      return {
        ...madeAt(link, now),
        namespace,
        id: link.ownId ?? linkedId(namespace, id, link.on, place),
        replayOf: undefined,
        lineage: { parentId: id, rootId },
        input: inputOf(link, parent, rootId),
      };
    });

type Made = Pick<Link, "task" | "acceptedAt" | "isStartFixed" | "expireAt">;

const inputOf = ({ hands }: Link, parent: EndedTask, rootId: TaskId): TaskInput => ({
  from: parent.id,
  fromName: parent.name,
  rootId,
  on: parent.on,
  isHanded: hands !== undefined,
  member: hands?.member,
  data: hands && parent.data,
  reason: parent.reason,
  attempt: parent.attempt,
});

/** The id of a task that the end of another one makes: by its place among the links for that end. */
export const linkedId = (namespace: Namespace, parentId: TaskId, on: LinkedEnd, place: number): TaskId =>
  taskIdOf(digestOf(["link", namespace, parentId, on, String(place)]));

/** Links of a task that runs again: all ids are new, also those that their producer chose. */
export const renewed = <L extends Pick<Link, "ownId" | "task">>(links: readonly L[]): readonly L[] =>
  links.map((link) => ({ ...link, ownId: undefined, task: withNewLinks(link.task) }));

/** The same task, whose links make others than they would have. */
export const withNewLinks = <T extends Pick<NewTask, "links">>(task: T): T => ({
  ...task,
  ...(task.links && { links: renewed(task.links) }),
});

/** The task that is made now. What was counted from the other task's acceptance is counted from now; what is an instant stays one. */
export function madeAt({ task, acceptedAt, isStartFixed, expireAt }: Made, now: Instant): Link["task"] {
  const later = (at: Instant | undefined): Instant | undefined =>
    at === undefined ? undefined : plus(now, at - acceptedAt);
  const notBefore = isStartFixed ? task.notBefore : later(task.notBefore);
  return {
    ...task,
    policy: expireAt === undefined ? task.policy : expiringAt(task.policy, expireAt, now),
    notBefore: notBefore !== undefined && notBefore > now ? notBefore : undefined,
    ...(task.unique && {
      unique: {
        ...task.unique,
        keepUntil: later(task.unique.keepUntil),
        startBy: later(task.unique.startBy),
      },
    }),
  };
}

const expiringAt = (policy: TaskPolicy, expireAt: Instant, now: Instant): TaskPolicy => ({
  ...policy,
  expireMs: Math.max(0, expireAt - now),
});

/** How many bytes a task counts in its namespace's quota: what its producer said, of its links, too, and not what it was handed. */
export const quotaBytes = ({ content, links }: Pick<NewTask, "content" | "links">): number =>
  content.length + linkedBytes({ links });

/** How many bytes of content the links of a task have, and what it was handed. */
export const linkedBytes = ({ links, input }: Pick<NewTask, "links" | "input">): number =>
  (links ?? []).reduce((sum, { task }) => sum + task.content.length + linkedBytes(task), 0) +
  (input?.data?.length ?? 0);
