import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  CatchUpSchema,
  type CatchUp as ProtoCatchUp,
  ScheduleOverlap as ProtoOverlap,
  type ScheduleSettings as ProtoSettings,
} from "@stem/proto/stem/v1/schedule_pb";
import { duration, timestamp } from "../run-options.ts";
import type { CatchUp, KeptSettings, OverlapPolicy, ScheduleRules, ScheduleSettings } from "./settings.ts";
import { specFromProto, specToProto } from "./spec-message.ts";
import { targetFromProto, targetToProto } from "./target-message.ts";

/** Of what a new schedule does not say. All of it is sent, so that what the server keeps is the same. */
export const usualRules: { readonly [K in keyof ScheduleRules]: undefined } = {
  ...{ catchUp: undefined, overlap: undefined, jitterMs: undefined, isDisabled: undefined },
  ...{ expireAt: undefined, maxRuns: undefined, priority: undefined, removeWhenOver: undefined },
  description: undefined,
};

/** Settings of which each may be undefined, which means its default. */
export type SaidSettings = { readonly [K in keyof ScheduleSettings]?: ScheduleSettings[K] | undefined };

/** Fields of the message of settings. */
export type SettingsFields = Partial<Omit<ProtoSettings, "$typeName" | "$unknown">>;

/** The fields of those settings that are there, `undefined` included. Rejects as `targetToProto` does. */
export async function settingsToProto(said: SaidSettings): Promise<SettingsFields> {
  return {
    ...(said.spec && { spec: specToProto(said.spec) }),
    ...(said.target && { target: await targetToProto(said.target) }),
    ...rulesToProto(said),
  };
}

function rulesToProto(said: SaidSettings): SettingsFields {
  return {
    ...("catchUp" in said && { catchUp: catchUpToProto(said.catchUp ?? "newest") }),
    ...("overlap" in said && { overlap: overlaps[said.overlap ?? "allow"] }),
    ...("jitterMs" in said && { jitter: duration("jitterMs", said.jitterMs ?? 0) }),
    ...("isDisabled" in said && { disabled: said.isDisabled ?? false }),
    ...("expireAt" in said && { expireTime: timestamp("expireAt", said.expireAt) }),
    ...("maxRuns" in said && { maxRuns: said.maxRuns }),
    ...("priority" in said && { priority: said.priority }),
    ...("removeWhenOver" in said && { removeWhenOver: said.removeWhenOver ?? false }),
    ...("description" in said && { description: said.description ?? "" }),
  } as SettingsFields;
}

function catchUpToProto(catchUp: CatchUp): ProtoCatchUp {
  if (catchUp === "newest") return create(CatchUpSchema, { rule: { case: "newest", value: true } });
  if ("withinMs" in catchUp) {
    const value = duration("catchUp.withinMs", catchUp.withinMs) ?? durationFromMs(0);
    return create(CatchUpSchema, { rule: { case: "within", value } });
  }
  const horizon = duration("catchUp.horizonMs", catchUp.horizonMs);
  const value = { max: catchUp.max, ...(horizon && { horizon }) };
  return create(CatchUpSchema, { rule: { case: "all", value } });
}

const overlaps: Readonly<Record<OverlapPolicy, ProtoOverlap>> = {
  allow: ProtoOverlap.ALLOW,
  skip: ProtoOverlap.SKIP,
  queue_one: ProtoOverlap.QUEUE_ONE,
  cancel_running: ProtoOverlap.CANCEL_RUNNING,
};

/** An overlap policy for the wire; undefined: none is said. */
export const overlapToProto = (overlap: OverlapPolicy | undefined): ProtoOverlap =>
  overlap === undefined ? ProtoOverlap.UNSPECIFIED : overlaps[overlap];

const overlapNames = new Map(
  Object.entries(overlaps).map(([name, overlap]) => [overlap, name as OverlapPolicy]),
);

/** Settings from their message. */
export const settingsFromProto = (settings: ProtoSettings): KeptSettings => ({
  ...{ spec: specFromProto(settings.spec), target: targetFromProto(settings.target) },
  catchUp: catchUpFromProto(settings.catchUp),
  overlap: overlapNames.get(settings.overlap) ?? "allow",
  jitterMs: settings.jitter ? durationMs(settings.jitter) : 0,
  ...{ isDisabled: settings.disabled, maxRuns: settings.maxRuns, priority: settings.priority },
  expireAt: settings.expireTime && timestampDate(settings.expireTime),
  ...{ removeWhenOver: settings.removeWhenOver, description: settings.description },
});

function catchUpFromProto(catchUp: ProtoCatchUp | undefined): CatchUp {
  const rule = catchUp?.rule;
  if (rule?.case === "within") return { withinMs: durationMs(rule.value) };
  if (rule?.case !== "all") return "newest";
  const { max, horizon } = rule.value;
  return { max, horizonMs: horizon ? durationMs(horizon) : 0 };
}
