import { create } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import type { CanvasNode as ProtoNode } from "@stem/proto/stem/v1/canvas_pb";
import {
  type ScheduledCanvas as ProtoCanvas,
  type ScheduleSettings as ProtoSettings,
  ScheduledCanvasSchema,
} from "@stem/proto/stem/v1/schedule_pb";
import { type NewTask, TraceContextSchema } from "@stem/proto/stem/v1/task_pb";
import { materialized } from "../canvas/materialized.ts";
import type { Signature } from "../canvas/node.ts";
import { nodeMessage } from "../canvas/node-message.ts";
import { checkLinks, newTask, noTally } from "../canvas/task-message.ts";
import { payloadFromProto } from "../codec/payload.ts";
import type { TaskCall } from "../define-task.ts";
import { callOf } from "../links.ts";
import { check } from "../new-task.ts";
import { optionsFromProto } from "../options-from-proto.ts";
import { duration } from "../run-options.ts";
import type { KeptTarget, ScheduledCanvas, ScheduleTarget } from "./settings.ts";

type Target = ProtoSettings["target"];

/** What a schedule starts as a message, its arguments checked. Rejects with SchemaMismatchError, PayloadError, RangeError. */
export async function targetToProto(target: ScheduleTarget): Promise<Target> {
  if (!("content" in target)) return "canvas" in target ? canvasToProto(target) : taskToProto(target);
  // A single task needs no canvas around it.
  return target.content.kind === "task"
    ? taskToProto(callOf(target as Signature))
    : canvasToProto({ canvas: target });
}

async function taskToProto(call: TaskCall): Promise<Target> {
  await check(call);
  await checkLinks(call.options ?? {});
  return { case: "task", value: newTask(call, noTally()) };
}

async function canvasToProto({ canvas, name = "", tags = [], ...said }: ScheduledCanvas): Promise<Target> {
  const root = await nodeMessage(await materialized(canvas));
  const deadlineAfter = duration("deadlineMs", said.deadlineMs);
  const resultRetention = duration("resultRetentionMs", said.resultRetentionMs);
  const value = create(ScheduledCanvasSchema, {
    ...{ root, name, tags: [...tags] },
    ...(deadlineAfter && { deadlineAfter }),
    ...(resultRetention && { resultRetention }),
    ...(said.trace && { trace: create(TraceContextSchema, said.trace) }),
  });
  return { case: "canvas", value };
}

/** The same from its message; undefined for one of a kind that this version does not know. */
export function targetFromProto({ case: kind, value }: Target): KeptTarget | undefined {
  if (kind === undefined) return undefined;
  return kind === "task" ? keptTask(value) : keptCanvas(value);
}

function keptTask({ name, args, options, queue, routingKey, headers, tags, metadata }: NewTask): KeptTarget {
  const payload = payloadFromProto(args);
  return {
    ...{ kind: "task", name, args: payload && "json" in payload ? JSON.parse(payload.json) : undefined },
    options: {
      ...(queue !== undefined && { queue }),
      ...(routingKey !== undefined && { routingKey }),
      ...(Object.keys(headers).length > 0 && { headers: { ...headers } }),
      ...(tags.length > 0 && { tags }),
      ...(Object.keys(metadata).length > 0 && { metadata: { ...metadata } }),
      ...(options && optionsFromProto(options)),
    },
  };
}

const keptCanvas = ({ root, name, tags, deadlineAfter, resultRetention }: ProtoCanvas): KeptTarget => ({
  ...{ kind: "canvas", name, tags, taskNames: root ? namesIn(root) : [] },
  deadlineMs: deadlineAfter && durationMs(deadlineAfter),
  resultRetentionMs: resultRetention && durationMs(resultRetention),
});

function namesIn({ node }: ProtoNode): readonly string[] {
  switch (node.case) {
    case "task":
      return [node.value.name];
    case "chain":
      return node.value.steps.flatMap(namesIn);
    case "group":
      return node.value.members.flatMap(namesIn);
    case "chord":
      return [...node.value.header, ...(node.value.body ? [node.value.body] : [])].flatMap(namesIn);
    case "map":
    case "starmap":
    case "chunks":
      return node.value.task ? [node.value.task.name] : [];
    case undefined:
      return [];
  }
}
