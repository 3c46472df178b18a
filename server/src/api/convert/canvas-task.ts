/** The tasks of a canvas on their way in: as those that are enqueued, with what the nodes around them say. */

import { clone, create } from "@bufbuild/protobuf";
import {
  type Link as LinkMessage,
  type NewTask,
  type TaskOptions,
  TaskOptionsSchema,
  type TraceContext,
} from "@stem/proto/stem/v1/task_pb";
import { withHanded } from "@stem/proto/wire/handed-args";
import type { DraftLeaf, TaskSubmission } from "../../broker/broker.ts";
import type { BarrierEnd } from "../../model/canvas.ts";
import type { Instant, Namespace } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import { isProblem, under } from "./checked.ts";
import { asKept, misfitProblem } from "./links.ts";
import type { NewTaskReader } from "./new-task.ts";
import type { PlainTask } from "./plain-task.ts";

/** What reading a tree needs. */
export type DraftContext = {
  readonly namespace: Namespace;
  readonly now: Instant;
  readonly limits: Limits;
  readonly read: NewTaskReader;
  /** Of tasks that say nothing of where they came from. */
  readonly trace: TraceContext | undefined;
};

/** What is said of a task by the nodes around it. */
export type Around = {
  readonly path: string;
  readonly isFed: boolean;
  readonly ignoreInput: boolean;
  readonly inputAs: string | undefined;
  /** The nearest first. */
  readonly defaults: readonly TaskOptions[];
  readonly links: readonly LinkMessage[];
  readonly linkErrors: readonly LinkMessage[];
};

/** Reads a task of a canvas. */
export function readDraftTask(message: NewTask, around: Around, context: DraftContext): DraftLeaf {
  const { path, isFed, ignoreInput, inputAs } = around;
  const task = withOptions(message, around);
  const submission = read(task, path, context);
  if (!isFed || ignoreInput) return { submission, hands: undefined, path };
  return { submission, hands: handsOf(task, { on: "succeeded", member: inputAs }, path), path };
}

/** A task that breaks no rule, and is handed nothing. Where it is in the request is said when somebody asks, which is seldom. */
class PlainLeaf implements DraftLeaf {
  readonly submission: TaskSubmission;
  readonly hands = undefined;
  readonly #pathOf: (at: number) => string;
  readonly #at: number;

  constructor(submission: TaskSubmission, pathOf: (at: number) => string, at: number) {
    this.submission = submission;
    this.#pathOf = pathOf;
    this.#at = at;
  }

  get path(): string {
    return this.#pathOf(this.#at);
  }
}

/** Reads the task of a member by its index. */
export function readPlainLeaf(
  task: PlainTask,
  { at, pathOf }: { readonly at: number; readonly pathOf: (at: number) => string },
  { read, namespace, now }: DraftContext,
): DraftLeaf {
  const submission = read(task, namespace, now);
  if (isProblem(submission)) throw new StemProblem(under(submission, `${pathOf(at)}.`));
  return new PlainLeaf(submission, pathOf, at);
}

/** Reads a task that an end of a chain or a group makes. */
export function readCallback(
  link: LinkMessage,
  path: string,
  on: BarrierEnd,
  context: DraftContext,
): DraftLeaf {
  const { task, ignoreInput, inputAs: member } = link;
  if (task === undefined) throw fieldInvalid(`${path}.task`, "must be set");
  if (ignoreInput && member !== undefined)
    throw fieldInvalid(`${path}.input_as`, "must not be given together with ignore_input");
  const own = `${path}.task`;
  const submission = read(task, own, context);
  const linked = { ...submission, policy: { ...submission.policy, takesInput: true } };
  if (ignoreInput || on === "attempted") return { submission: linked, hands: undefined, path: own };
  const hands = handsOf(task, { on: on === "failed" ? "failed" : "succeeded", member }, own);
  return { submission: linked, hands, path: own };
}

function read(task: NewTask, path: string, { read, namespace, now, trace }: DraftContext): TaskSubmission {
  for (const [field, id] of [
    ["parent_id", task.parentId],
    ["root_id", task.rootId],
  ] as const)
    if (id !== undefined)
      throw fieldInvalid(`${path}.${field}`, "must be left out: it is of its canvas' family");
  const traced = trace === undefined || task.trace !== undefined ? task : { ...task, trace };
  const submission = read(traced, namespace, now);
  if (isProblem(submission)) throw new StemProblem(under(submission, `${path}.`));
  return submission;
}

type HandedAs = Parameters<typeof withHanded>[2];

/** Tells whether its arguments can take what it is handed. */
function handsOf(task: NewTask, as: HandedAs, path: string): DraftLeaf["hands"] {
  const handed = withHanded(asKept(task.args), "null", as);
  if ("misfit" in handed)
    throw new StemProblem(under(misfitProblem(handed), `${path.replace(/\.?task$/, "")}.`));
  return { member: as.member };
}

/** What the nodes around a task say of how it is run, where it says nothing; and their links. */
function withOptions(message: NewTask, { defaults, links, linkErrors }: Around): NewTask {
  if (defaults.length === 0 && links.length === 0 && linkErrors.length === 0) return message;
  const options = clone(TaskOptionsSchema, message.options ?? create(TaskOptionsSchema));
  for (const said of defaults) fill(options, said);
  options.link = [...options.link, ...links];
  options.linkError = [...options.linkError, ...linkErrors];
  return { ...message, options };
}

function fill(options: TaskOptions, said: TaskOptions): void {
  for (const field of TaskOptionsSchema.fields) {
    const { localName, oneof } = field;
    if (oneof !== undefined && oneof.name !== `_${field.name}`) {
      const own = options as unknown as Record<string, { case?: string }>;
      const theirs = said as unknown as Record<string, { case?: string }>;
      if (own[oneof.localName]?.case === undefined && theirs[oneof.localName]?.case !== undefined)
        own[oneof.localName] = theirs[oneof.localName] ?? {};
      continue;
    }
    const own = options as unknown as Record<string, unknown>;
    const theirs = (said as unknown as Record<string, unknown>)[localName];
    if (isUnsaid(own[localName]) && !isUnsaid(theirs)) own[localName] = theirs;
  }
}

const isUnsaid = (value: unknown): boolean =>
  value === undefined ||
  value === 0 ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === "object" && value !== null && Object.keys(value).length === 0);
