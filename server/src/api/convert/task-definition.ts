/** What workers say of tasks, both ways. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type AnnouncedDefinition,
  AnnouncedDefinitionSchema,
  TaskDefinitionSchema,
  type TaskDefinition as WireDefinition,
} from "@stem/proto/stem/v1/task_definition_pb";
import {
  KnownDefinitionSchema,
  type KnownDefinition as WireKnown,
} from "@stem/proto/stem/v1/task_definition_service_pb";
import type { TaskOptions } from "@stem/proto/stem/v1/task_pb";
import { instantOf, queueNameOf, taskNameOf } from "../../model/ids.ts";
import type { Defaults, Limits } from "../../model/limits.ts";
import { type FieldViolation, type Problem, StemProblem } from "../../model/problem.ts";
import type {
  Announcement,
  KnownDefinition,
  TaskDefaults,
  TaskDefinition,
} from "../../model/task-definition.ts";
import { isProblem, under } from "./checked.ts";
import { jsonFault } from "./json-text.ts";
import { taskExpiry, taskOptionsViolations, taskPolicy, taskStart } from "./task-options.ts";
import { taskTies } from "./task-ties.ts";
import { timestampFromInstant } from "./time.ts";
import { uniqueDefaults } from "./unique-options.ts";
import { violationsOf } from "./violations.ts";

/** The bounds and defaults in force. */
export type DefinitionReaderOptions = { readonly limits: Limits; readonly defaults: Defaults };

/** The definitions of a greeting. Throws what is wrong with them, their paths beginning with `hello.`. */
export function readDefinitions(
  definitions: readonly WireDefinition[],
  options: DefinitionReaderOptions,
): readonly TaskDefinition[] {
  const itemsMax = options.limits.sessionDefinitionsMax;
  if (definitions.length > itemsMax)
    throw new StemProblem({
      reason: "BATCH_TOO_LARGE",
      field: "hello.definitions",
      items: definitions.length,
      itemsMax,
    });
  const names = new Set<string>();
  return definitions.map((definition, at) => {
    const violations = violationsIn(definition, options.limits);
    if (names.has(definition.name))
      violations.push({ field: "name", description: "must not be one that is listed before" });
    names.add(definition.name);
    const path = `hello.definitions[${at}].`;
    if (violations.length > 0) throw new StemProblem(under({ reason: "FIELD_INVALID", violations }, path));
    return readDefinition(definition, path, options);
  });
}

function violationsIn(definition: WireDefinition, limits: Limits): FieldViolation[] {
  const { options, argsSchema } = definition;
  // Options have rules that the schema does not know.
  const found = [
    ...violationsOf(TaskDefinitionSchema, { ...definition, options: undefined } as WireDefinition, ""),
  ];
  if (options) taskOptionsViolations(options, limits, found);
  if (options?.start.case === "notBeforeTime")
    found.push({ field: "options.not_before_time", description: "must be left out: a date is no default" });
  if (options?.expiry.case === "expireTime")
    found.push({ field: "options.expire_time", description: "must be left out: a date is no default" });
  for (const [field, links] of [
    ["options.link", options?.link],
    ["options.link_error", options?.linkError],
  ] as const)
    if (links !== undefined && links.length > 0)
      found.push({ field, description: "must be left out: each task says what follows it" });
  const fault = schemaFault(argsSchema, limits);
  if (fault !== undefined) found.push({ field: "args_schema", description: fault });
  return found;
}

function schemaFault(text: string, { argsSchemaBytesMax, jsonDepthMax }: Limits): string | undefined {
  if (text === "") return undefined;
  if (Buffer.byteLength(text) > argsSchemaBytesMax) return `must have at most ${argsSchemaBytesMax} bytes`;
  return jsonFault(text, jsonDepthMax) === undefined ? undefined : "must be JSON";
}

function readDefinition(
  definition: WireDefinition,
  path: string,
  { limits, defaults }: DefinitionReaderOptions,
): TaskDefinition {
  const { name, version, options, queue } = definition;
  const read = options && readDefaults(options, { limits, defaults });
  if (read && isProblem(read)) throw new StemProblem(under(read, path));
  const given: TaskDefaults = {
    priority: undefined,
    policy: {},
    delayMs: undefined,
    ...read,
    queue: queue === "" ? undefined : queueNameOf(queue),
  };
  return {
    name: taskNameOf(name),
    version: Number(version),
    defaults: saysNothing(given) ? undefined : given,
    content: toBinary(TaskDefinitionSchema, definition, { writeUnknownFields: false }),
  };
}

type OptionDefaults = Omit<TaskDefaults, "queue">;

/** What options that broke no rule mean for all tasks of a name; a problem where one of them is beyond a bound. */
function readDefaults(
  options: TaskOptions,
  { limits, defaults }: DefinitionReaderOptions,
): OptionDefaults | Problem {
  // A length of time is the same at every moment, and dates were refused.
  const start = taskStart(options, anyMoment, limits);
  if (start && isProblem(start)) return start;
  const expiry = taskExpiry(options, anyMoment, limits);
  if (expiry && isProblem(expiry)) return expiry;
  const unique = options.unique && uniqueDefaults(options.unique, limits);
  if (unique && isProblem(unique)) return unique;
  return {
    priority: options.priority,
    policy: {
      ...taskPolicy(options, defaults),
      ...(expiry && "afterMs" in expiry && { expireMs: expiry.afterMs }),
    },
    delayMs: start && "delayMs" in start ? start.delayMs : undefined,
    ties: taskTies(options),
    unique,
  };
}

const anyMoment = instantOf(0);

const saysNothing = ({ queue, priority, policy, delayMs, ties }: TaskDefaults): boolean =>
  queue === undefined &&
  priority === undefined &&
  delayMs === undefined &&
  ties === undefined &&
  Object.keys(policy).length === 0;

/** What is known under a name, for whoever asks. */
export const knownToProto = ({ current, rival }: KnownDefinition): WireKnown =>
  create(KnownDefinitionSchema, {
    current: announcedToProto(current),
    ...(rival && { rival: announcedToProto(rival) }),
  });

const announcedToProto = ({ definition, worker, at }: Announcement): AnnouncedDefinition =>
  create(AnnouncedDefinitionSchema, {
    definition: fromBinary(TaskDefinitionSchema, definition.content),
    worker,
    announceTime: timestampFromInstant(at),
  });
