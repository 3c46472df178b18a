/** TaskOptions.link and link_error: the tasks that the end of another one makes, on their way in and out. */

import { create, fromBinary } from "@bufbuild/protobuf";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import {
  type Link as LinkMessage,
  LinkSchema,
  NewTaskSchema,
  TaskOptionsSchema,
} from "@stem/proto/stem/v1/task_pb";
import { type Misfit, withHanded } from "@stem/proto/wire/handed-args";
import type { LinkSubmission, TaskSubmission } from "../../broker/broker.ts";
import { digestOf } from "../../lib/digest.ts";
import { contentHashOf } from "../../model/content-hash.ts";
import { linkedId } from "../../model/continuation.ts";
import type { Namespace, TaskId } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { Problem } from "../../model/problem.ts";
import type { Link, LinkedEnd, TaskPolicy } from "../../model/task.ts";
import { invalid, isProblem, under } from "./checked.ts";
import { fieldText } from "./field-text.ts";
import { jsonOfValue } from "./json-value.ts";
import { isName, type NewTaskFields } from "./new-task-rules.ts";

/** Reads the task of a link as one of its own, with links of its own; `depth`: how many it stands within. */
export type ReadLinked = (task: NewTaskFields, depth: number) => TaskSubmission | Problem;

/** What reading links needs. */
export type LinkContext = {
  readonly namespace: Namespace;
  readonly limits: Limits;
  /** How many links the task stands within itself. */
  readonly depth: number;
  readonly read: ReadLinked;
};

const fields: { readonly [E in LinkedEnd]: string } = { succeeded: "link", failed: "link_error" };

/** Whether a task says any. */
export const hasLinks = ({ options }: NewTaskFields): boolean =>
  options !== undefined && (options.link.length > 0 || options.linkError.length > 0);

/** Reads what a task says of those that its ends make; paths begin at the task. */
export function readLinks(task: NewTaskFields, context: LinkContext): readonly LinkSubmission[] | Problem {
  const { limits, depth } = context;
  const read: LinkSubmission[] = [];
  for (const on of ["succeeded", "failed"] as const) {
    const links = (on === "succeeded" ? task.options?.link : task.options?.linkError) ?? [];
    const path = `options.${fields[on]}`;
    if (links.length > limits.linksMax) return invalid(path, `must have at most ${limits.linksMax} items`);
    if (links.length > 0 && depth >= limits.linkDepthMax)
      return invalid(path, `must not be nested deeper than ${limits.linkDepthMax}`);
    for (const [at, link] of links.entries()) {
      const one = readLink(task, link, on, context);
      if (isProblem(one)) return under(one, `${path}[${at}].`);
      read.push(one);
    }
  }
  return sizeProblem(read, context) ?? read;
}

/** All that hangs on one task is counted with it. */
function sizeProblem(links: readonly LinkSubmission[], { limits, depth }: LinkContext): Problem | undefined {
  if (depth > 0) return undefined;
  const { batchTasksMax: itemsMax, linksBytesMax: bytesMax } = limits;
  const items = linkCount({ links });
  if (items > itemsMax) return { reason: "BATCH_TOO_LARGE", field: "options.link", items, itemsMax };
  const bytes = contentBytes({ links });
  return bytes > bytesMax
    ? { reason: "PAYLOAD_TOO_LARGE", field: "options.link", bytes, bytesMax }
    : undefined;
}

type Linking = Pick<TaskSubmission, "links">;

/** How many tasks a submission may come to besides itself. */
const linkCount = ({ links = [] }: Linking): number =>
  links.reduce((sum, { submission }) => sum + 1 + linkCount(submission), 0);

const contentBytes = ({ links = [] }: Linking): number =>
  links.reduce((sum, { submission }) => sum + submission.content.length + contentBytes(submission), 0);

function readLink(
  { trace }: NewTaskFields,
  link: LinkMessage,
  on: LinkedEnd,
  { limits, depth, read }: LinkContext,
): LinkSubmission | Problem {
  const { task, ignoreInput, inputAs: member } = link;
  if (task === undefined) return invalid("task", "must be set");
  const fault = linkFault(link, task, limits);
  if (fault !== undefined) return fault;
  const submission = read({ ...task, trace: task.trace ?? trace }, depth + 1);
  if (isProblem(submission)) return under(submission, "task.");
  const linked = { ...submission, policy: { ...submission.policy, takesInput: true } };
  if (ignoreInput) return { on, submission: linked, hands: undefined };
  const handed = withHanded(asKept(task.args), "null", { on, member });
  if ("misfit" in handed) return misfitProblem(handed);
  return { on, submission: linked, hands: { member } };
}

/** A value is kept as the text that it means. */
export function asKept(args: Payload | undefined): Payload | undefined {
  if (args?.data.case !== "value") return args;
  return { ...args, data: { case: "json", value: jsonOfValue(args.data.value) } };
}

function linkFault(
  { ignoreInput, inputAs }: LinkMessage,
  task: NewTaskFields,
  limits: Limits,
): Problem | undefined {
  if (inputAs !== undefined && !isName(inputAs, limits.nameCharsMax))
    return invalid("input_as", fieldText.taskName);
  if (inputAs !== undefined && ignoreInput)
    return invalid("input_as", "must not be given together with ignore_input");
  for (const [field, id] of [
    ["parent_id", task.parentId],
    ["root_id", task.rootId],
  ] as const)
    if (id !== undefined)
      return invalid(`task.${field}`, "must be left out: it is of the family of the task that it belongs to");
  return undefined;
}

/** Why arguments cannot take what they are handed; paths begin at what holds the task. */
export function misfitProblem({ misfit }: Misfit): Problem {
  switch (misfit) {
    case "not_json":
      return { reason: "LINK_ARGS_NOT_JSON", field: "task.args" };
    case "positional":
      return invalid("input_as", "must be left out: the arguments are a list, which has no members");
    case "taken":
      return invalid(
        "task.args",
        "must not have the member that is to be put there; name another in input_as",
      );
  }
}

/** Which ends of a task make others. */
export function linkedEnds(links: readonly LinkSubmission[]): TaskPolicy["links"] {
  const ends = new Set(links.map(({ on }) => on));
  const [only] = ends;
  return ends.size > 1 ? "both" : only;
}

/** A text for all that links say, but for their traces: part of what makes two submissions the same. */
export const linksDigest = (links: readonly LinkSubmission[], namespace: Namespace): string =>
  digestOf(
    links.flatMap(({ on, submission, hands }) => [
      on,
      submission.id ?? "",
      hands === undefined ? "ignored" : "handed",
      hands?.member ?? "",
      contentHashOf({ ...submission, namespace }),
    ]),
  );

/** The links of a task as its producer said them, with the ids that the tasks will have. */
export const linksToProto = (
  links: readonly Link[],
  on: LinkedEnd,
  { namespace, id }: { readonly namespace: Namespace; readonly id: TaskId },
): LinkMessage[] =>
  links
    .filter((link) => link.on === on)
    .map(({ ownId, task, hands }, place) => {
      const ref = { namespace, id: ownId ?? linkedId(namespace, id, on, place) };
      const message = fromBinary(NewTaskSchema, task.content);
      message.id = ref.id;
      if (task.links) {
        message.options ??= create(TaskOptionsSchema);
        message.options.link = linksToProto(task.links, "succeeded", ref);
        message.options.linkError = linksToProto(task.links, "failed", ref);
      }
      const inputAs = hands?.member;
      return create(LinkSchema, {
        task: message,
        ignoreInput: hands === undefined,
        ...(inputAs !== undefined && { inputAs }),
      });
    });
