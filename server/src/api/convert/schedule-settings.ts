/** What is said of schedules, both ways. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CatchUp as CatchUpMessage,
  CatchUpSchema,
  ScheduledCanvasSchema,
  ScheduleOverlap,
  ScheduleSettingsSchema,
  type ScheduleSettings as SettingsMessage,
} from "@stem/proto/stem/v1/schedule_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { CatchUp } from "../../model/catch-up.ts";
import type { OverlapPolicy } from "../../model/overlap.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { ScheduleSettings, ScheduleTarget } from "../../model/schedule-record.ts";
import { under } from "./checked.ts";
import { msOf, specFromProto, specToProto } from "./schedule-spec.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";
import { optionalInstant } from "./time-fields.ts";

const overlaps: { readonly [O in ScheduleOverlap]: OverlapPolicy | undefined } = {
  [ScheduleOverlap.UNSPECIFIED]: undefined,
  [ScheduleOverlap.ALLOW]: "allow",
  [ScheduleOverlap.SKIP]: "skip",
  [ScheduleOverlap.QUEUE_ONE]: "queue_one",
  [ScheduleOverlap.CANCEL_RUNNING]: "cancel_running",
};

const wireOverlaps: { readonly [O in OverlapPolicy]: ScheduleOverlap } = {
  allow: ScheduleOverlap.ALLOW,
  skip: ScheduleOverlap.SKIP,
  queue_one: ScheduleOverlap.QUEUE_ONE,
  cancel_running: ScheduleOverlap.CANCEL_RUNNING,
};

/** A policy as it was sent; undefined: none was. */
export const overlapFromProto = (overlap: ScheduleOverlap): OverlapPolicy | undefined => overlaps[overlap];

/** What was sent of a schedule; throws what is wrong with its form, with paths that begin at `settings`. */
export const settingsFromProto = (message: SettingsMessage | undefined): ScheduleSettings =>
  at("settings.", () => saidFromProto(message));

/** The same, with paths that begin at the settings. */
export function saidFromProto(message: SettingsMessage | undefined): ScheduleSettings {
  if (message?.spec === undefined) throw fieldInvalid("spec", "must be set");
  const { spec, catchUp, overlap, jitter, disabled, expireTime, maxRuns, priority } = message;
  return {
    spec: at("spec.", () => specFromProto(spec)),
    target: targetOf(message),
    catchUp: at("catch_up.", () => catchUpOf(catchUp)),
    overlap: overlaps[overlap] ?? "allow",
    jitterMs: jitter === undefined ? 0 : msOf("jitter", jitter),
    ...{ isEnabled: !disabled, expireAt: optionalInstant("expire_time", expireTime) },
    ...{ runsMax: maxRuns, priority, description: message.description },
    whenOver: message.removeWhenOver ? "remove" : "keep",
  };
}

/** What the room says of settings, with paths that begin at them. */
export async function underSettings<T>(saying: Promise<T>): Promise<T> {
  try {
    return await saying;
  } catch (error) {
    if (error instanceof StemProblem) throw new StemProblem(under(error.problem, "settings."));
    throw error;
  }
}

function at<T>(prefix: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof StemProblem) throw new StemProblem(under(error.problem, prefix));
    throw error;
  }
}

function targetOf({ target }: SettingsMessage): ScheduleTarget {
  switch (target.case) {
    case "task":
      return { kind: "task", content: toBinary(NewTaskSchema, target.value) };
    case "canvas":
      return { kind: "canvas", content: toBinary(ScheduledCanvasSchema, target.value) };
    case undefined:
      throw fieldInvalid("target", "must be set");
  }
}

function catchUpOf(message: CatchUpMessage | undefined): CatchUp {
  const rule = message?.rule;
  switch (rule?.case) {
    case "within":
      return { kind: "none", graceMs: msOf("within", rule.value) };
    case "all":
      return { kind: "all", max: rule.value.max, horizonMs: msOf("all.horizon", rule.value.horizon) };
    case "newest":
    case undefined:
      return { kind: "one" };
  }
}

/** What is said of a schedule, as callers see it. */
export function settingsToProto(settings: ScheduleSettings): SettingsMessage {
  const { expireAt, runsMax, priority, jitterMs, isEnabled, whenOver, description } = settings;
  return create(ScheduleSettingsSchema, {
    ...{ spec: specToProto(settings.spec), target: targetToProto(settings.target), description },
    ...{ catchUp: catchUpToProto(settings.catchUp), overlap: wireOverlaps[settings.overlap] },
    ...{ jitter: durationFromMs(jitterMs), disabled: !isEnabled, removeWhenOver: whenOver === "remove" },
    ...(expireAt !== undefined && { expireTime: timestampFromInstant(expireAt) }),
    ...(runsMax !== undefined && { maxRuns: runsMax }),
    ...(priority !== undefined && { priority }),
  });
}

const targetToProto = ({ kind, content }: ScheduleTarget): SettingsMessage["target"] =>
  kind === "task"
    ? { case: "task", value: fromBinary(NewTaskSchema, content) }
    : { case: "canvas", value: fromBinary(ScheduledCanvasSchema, content) };

function catchUpToProto(catchUp: CatchUp): CatchUpMessage {
  switch (catchUp.kind) {
    case "none":
      return create(CatchUpSchema, { rule: { case: "within", value: durationFromMs(catchUp.graceMs) } });
    case "one":
      return create(CatchUpSchema, { rule: { case: "newest", value: true } });
    case "all": {
      const value = { max: catchUp.max, horizon: durationFromMs(catchUp.horizonMs) };
      return create(CatchUpSchema, { rule: { case: "all", value } });
    }
  }
}
