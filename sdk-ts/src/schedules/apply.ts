import { createClient } from "@connectrpc/connect";
import {
  type AppliedSchedule as AppliedMessage,
  ApplyVerdict,
  ScheduleService,
} from "@stem/proto/stem/v1/schedule_service_pb";
import type { OperatorCalls } from "../operator-calls.ts";
import type { ScheduleSettings } from "./settings.ts";
import { settingsToProto, usualRules } from "./settings-message.ts";

/** Schedules as they are to be: by their ids, or a text in YAML or JSON as docs/beat.md describes it. */
export type SchedulesToApply = Readonly<Record<string, ScheduleSettings>> | string;

/** What else is done, or is not. */
export type ApplyOptions = {
  /** Nothing is written; the answer is the same. */
  readonly isDryRun?: boolean;
  /** Those are removed whose ids begin so and that are not named; "" means all of the namespace. Default: none is removed. */
  readonly prunePrefix?: string;
};

/** What became of a schedule, or would. */
export type AppliedSchedule = {
  readonly id: string;
  readonly verdict: "created" | "updated" | "unchanged" | "deleted";
  /** Its revision then; 0: it is removed. */
  readonly revision: number;
  /** Which of its settings are otherwise, by their names in messages, such as "catch_up"; of one that was updated. */
  readonly changedFields: readonly string[];
};

/** Makes schedules as they are said, at most 1,000 at once. */
export type ApplySchedules = (
  schedules: SchedulesToApply,
  options?: ApplyOptions,
) => Promise<readonly AppliedSchedule[]>;

/** Makes it. */
export function createApply({ transport, inNamespace, timed, call }: OperatorCalls): ApplySchedules {
  const { applySchedules } = createClient(ScheduleService, transport);
  return async (said, { isDryRun = false, prunePrefix } = {}) => {
    const prune = prunePrefix === undefined ? {} : { prune: { idPrefix: prunePrefix } };
    const asked = { ...inNamespace, ...(await namedIn(said)), dryRun: isDryRun, ...prune };
    const { schedules } = await call(() => applySchedules(asked, timed));
    return schedules.map(appliedFromProto);
  };
}

async function namedIn(said: SchedulesToApply) {
  if (typeof said === "string") return { document: said };
  const named = Object.entries(said).map(async ([scheduleId, settings]) => ({
    scheduleId,
    settings: await settingsToProto({ ...usualRules, ...settings }),
  }));
  // A list of none would say nothing; this says that there are none.
  return named.length === 0 ? { document: "schedules: {}" } : { schedules: await Promise.all(named) };
}

const verdicts: { readonly [V in ApplyVerdict]?: AppliedSchedule["verdict"] } = {
  [ApplyVerdict.CREATED]: "created",
  [ApplyVerdict.UPDATED]: "updated",
  [ApplyVerdict.UNCHANGED]: "unchanged",
  [ApplyVerdict.DELETED]: "deleted",
};

const appliedFromProto = ({
  scheduleId: id,
  verdict,
  revision,
  changedFields,
}: AppliedMessage): AppliedSchedule => ({
  ...{ id, verdict: verdicts[verdict] ?? "unchanged", revision: Number(revision), changedFields },
});
