/** A task as its producer asks for it, checked and converted for the broker. Read on in new-task-rules.ts and new-task-content.ts. */

import type { TaskSubmission } from "../../broker/broker.ts";
import { type Instant, type Namespace, queueNameOf, taskIdOf, taskNameOf } from "../../model/ids.ts";
import type { Defaults, Limits } from "../../model/limits.ts";
import type { Problem } from "../../model/problem.ts";
import type { TaskPolicy } from "../../model/task.ts";
import { isProblem } from "./checked.ts";
import { hasLinks, linkedEnds, linksDigest, readLinks } from "./links.ts";
import { createTaskEncoder } from "./new-task-content.ts";
import { type NewTaskFields, newTaskViolations } from "./new-task-rules.ts";
import { type PayloadPlace, readOptionalPayload } from "./payload.ts";
import { PlainTask } from "./plain-task.ts";
import { taskExpiry, taskPolicy, taskStart } from "./task-options.ts";
import { taskTies } from "./task-ties.ts";
import { argsDigest, debounceStart, uniqueSubmission } from "./unique-options.ts";

export type { NewTaskFields } from "./new-task-rules.ts";

/** The bounds and defaults in force. */
export type NewTaskReaderOptions = { readonly limits: Limits; readonly defaults: Defaults };

/** Answers what a producer asks for, or what is wrong with it, its paths beginning at the task. */
export type NewTaskReader = (
  task: NewTaskFields | PlainTask,
  namespace: Namespace,
  now: Instant,
) => TaskSubmission | Problem;

const noPolicy: Partial<TaskPolicy> = {};
const noTags: readonly string[] = [];
const noHeaders: Readonly<Record<string, string>> = {};

/** Makes a reader of tasks; one for a server, because it reuses a buffer. */
export function createNewTaskReader({ limits, defaults }: NewTaskReaderOptions): NewTaskReader {
  const encode = createTaskEncoder();
  const place: PayloadPlace = {
    field: "args",
    bytesMax: limits.payloadBytesMax,
    tooLarge: "PAYLOAD_TOO_LARGE",
  };
  function read(
    task: NewTaskFields,
    { namespace, now }: Circumstances,
    depth: number,
  ): TaskSubmission | Problem {
    const violations = newTaskViolations(task, limits);
    if (violations.length > 0) return { reason: "FIELD_INVALID", violations };
    const start = task.options && taskStart(task.options, now, limits);
    if (start && isProblem(start)) return start;
    const expiry = task.options && taskExpiry(task.options, now, limits);
    if (expiry && isProblem(expiry)) return expiry;
    const args = readOptionalPayload(task.args, place, limits);
    if (args && isProblem(args)) return args;
    const unique = task.options?.unique && uniqueSubmission(task.options.unique, args, { now, limits });
    if (unique && unique !== "none" && isProblem(unique)) return unique;
    const links = readLinksOf(task, { namespace, now }, depth);
    if (links && isProblem(links)) return links;
    const digest = links && linksDigest(links, namespace);
    const { content, contentHash } = encode(task, args, namespace, digest);
    const policy = task.options ? taskPolicy(task.options, defaults) : noPolicy;
    return {
      id: task.id === undefined ? undefined : taskIdOf(task.id),
      name: taskNameOf(task.name),
      queue: task.queue === undefined ? undefined : queueNameOf(task.queue),
      priority: task.options?.priority,
      policy: links ? { ...policy, links: linkedEnds(links) } : policy,
      start: task.options?.unique?.debounce ? debounceStart(task.options.unique.debounce) : start,
      ...(expiry && { expiry }),
      ...lineageOf(task),
      ...(links && { links }),
      tags: task.tags,
      routingKey: task.routingKey,
      headers: task.headers,
      unique,
      argsDigest,
      ties: task.options && taskTies(task.options),
      content,
      contentHash,
    };
  }

  const readLinksOf = (task: NewTaskFields, around: Circumstances, depth: number) =>
    hasLinks(task)
      ? readLinks(task, {
          ...{ namespace: around.namespace, limits, depth },
          read: (linked, inner) => read(linked, around, inner),
        })
      : undefined;

  return (task, namespace, now) =>
    task instanceof PlainTask ? plainSubmission(task) : read(task, { namespace, now }, 0);
}

type Circumstances = { readonly namespace: Namespace; readonly now: Instant };

const noLineage = {};

/** A child whose producer says no root is of its parent's family. */
function lineageOf({ parentId, rootId }: NewTaskFields): Pick<TaskSubmission, "lineage"> {
  const root = rootId ?? parentId;
  if (root === undefined) return noLineage;
  const parent = parentId === undefined ? undefined : taskIdOf(parentId);
  return { lineage: { parentId: parent, rootId: taskIdOf(root) } };
}

const plainSubmission = ({ id, name, queue, content }: PlainTask): TaskSubmission => ({
  id,
  name,
  queue,
  priority: undefined,
  policy: noPolicy,
  start: undefined,
  tags: noTags,
  routingKey: undefined,
  headers: noHeaders,
  unique: undefined,
  argsDigest,
  ties: undefined,
  content,
  contentHash: undefined,
});
