/**
 * Schedules: what the server starts by its clock, again and again or once. `client.schedules` makes and keeps them. Read on in specs.ts (when
 * one is due), settings.ts (what is said of it), slots.ts (what becomes of it); the rules stand in docs/beat.md.
 */

import { create, equals } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { ScheduleSettingsSchema } from "@stem/proto/stem/v1/schedule_pb";
import { ScheduleService } from "@stem/proto/stem/v1/schedule_service_pb";
import { ScheduleSlotService } from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { newTaskId } from "../ids.ts";
import { allPages, type OperatorCalls } from "../operator-calls.ts";
import { type Reason, StemProblem } from "../problem.ts";
import { type ApplySchedules, createApply } from "./apply.ts";
import { type ScheduleStatus, scheduleFromProto, scheduleOf } from "./schedule-status.ts";
import type { OverlapPolicy, ScheduleSettings } from "./settings.ts";
import { overlapToProto, type SettingsFields, settingsToProto, usualRules } from "./settings-message.ts";
import { type ScheduleSlot, slotFromProto, type TriggerOutcome, triggeredFromProto } from "./slots.ts";

/** Schedules of a namespace. What is named and not there is SCHEDULE_UNKNOWN. */
export interface Schedules {
  /**
   * Makes a schedule: `create("nightly", { spec: cron("0 3 * * *"), target: report.call(["all"]) })`. Harmless where it is there with the same
   * settings, else SCHEDULE_EXISTS. SCHEDULE_LIMIT_REACHED; SchemaMismatchError when arguments do not fit.
   */
  create(id: string, settings: ScheduleSettings): Promise<ScheduleStatus>;
  /** Reads one. */
  get(id: string): Promise<ScheduleStatus>;
  /** All by id, read page by page as they are asked for. */
  list(): AsyncIterable<ScheduleStatus>;
  /**
   * Changes the settings that are given, `undefined` included; with `revision`, only at that: REVISION_CONFLICT. With another spec, or where
   * it was disabled, it begins anew; else its next slot stays.
   */
  update(
    id: string,
    settings: Partial<ScheduleSettings>,
    options?: { readonly revision?: number },
  ): Promise<ScheduleStatus>;
  /**
   * Makes schedules as they are said, many at once: creates and updates where something is otherwise, and leaves alone what is the same. One
   * fault refuses all, before anything is written. Pauses stay. REVISION_CONFLICT, where others change one again and again: what was
   * written stays, and the same call can be repeated. Answers in the order in which they are named; then those that were removed.
   */
  readonly apply: ApplySchedules;
  /** Removes one with its history, with `revision` only at that: REVISION_CONFLICT. What it has started goes on. False: there was none. */
  delete(id: string, options?: { readonly revision?: number }): Promise<boolean>;
  /** Stops one until it is resumed; again: says something else of why. */
  pause(id: string, options?: SchedulePauseOptions): Promise<ScheduleStatus>;
  /** Lets one go on from now: slots from before are not caught up with. */
  resume(id: string): Promise<ScheduleStatus>;
  /** Starts what it starts, now, also when it is paused or over. Its slots stay as they are. */
  trigger(id: string, options?: TriggerOptions): Promise<TriggerOutcome>;
  /** Starts what it starts for each slot of a range of the past, at most 1,000, beside whatever goes on; answers them oldest first. */
  backfill(id: string, range: BackfillRange): Promise<readonly ScheduleSlot[]>;
  /** The slots that come next, at most 100, and why some will not fire, as far as that is known now. Default: 10. */
  preview(id: string, options?: { readonly count?: number }): Promise<readonly ScheduleSlot[]>;
  /** What became of its slots, newest first, read page by page as they are asked for. The newest 100 are kept. */
  history(id: string): AsyncIterable<ScheduleSlot>;
}

/** How a schedule is stopped. */
export type SchedulePauseOptions = {
  /** Why, for those who wonder. At most 1 KiB. */
  readonly note?: string;
  /** Who stops it, for those who wonder. */
  readonly requester?: string;
};

/** How something is started besides. */
export type TriggerOptions = {
  /** Names this request: the same one starts nothing again. Default: a new name. */
  readonly requestId?: string;
  /** What happens while what was started last has not ended. Default: what the schedule says. */
  readonly overlap?: OverlapPolicy;
};

/** Which slots of the past to start. */
export type BackfillRange = {
  /** From this instant on. */
  readonly from: Date;
  /** Before this one, which is not in the future. */
  readonly to: Date;
  /** Names this request: what it has started it does not start again. Default: a new name. */
  readonly requestId?: string;
};

/** How often others may change a schedule between being read and being written before whoever changes it is told to come back. */
const triesMax = 10;

/** Makes them over one connection. */
export function createSchedules(calls: OperatorCalls): Schedules {
  const { transport, inNamespace, timed, call } = calls;
  const service = createClient(ScheduleService, transport);
  return {
    async create(scheduleId, said) {
      const settings = create(ScheduleSettingsSchema, await settingsToProto({ ...usualRules, ...said }));
      const asked = { ...inNamespace, scheduleId, settings };
      try {
        return scheduleOf(await call(() => service.createSchedule(asked, timed)));
      } catch (error) {
        if (!isProblem(error, "SCHEDULE_EXISTS")) throw error;
        // Perhaps by this very call, whose answer was lost.
        const { schedule } = await call(() => service.getSchedule({ ...inNamespace, scheduleId }, timed));
        if (!schedule?.settings || !equals(ScheduleSettingsSchema, schedule.settings, settings)) throw error;
        return scheduleFromProto(schedule);
      }
    },
    get: async (scheduleId) =>
      scheduleOf(await call(() => service.getSchedule({ ...inNamespace, scheduleId }, timed))),
    list: () =>
      allPages(
        (page) => call(() => service.listSchedules({ ...inNamespace, ...page }, timed)),
        ({ schedules }) => schedules.map(scheduleFromProto),
      ),
    update: createUpdate(calls),
    apply: createApply(calls),
    async delete(scheduleId, { revision } = {}) {
      const asked = { ...inNamespace, scheduleId, ...expected(revision) };
      return (await call(() => service.deleteSchedule(asked, timed))).deleted;
    },
    async pause(scheduleId, { note = "", requester = "" } = {}) {
      const asked = { ...inNamespace, scheduleId, note, requester };
      return scheduleOf(await call(() => service.pauseSchedule(asked, timed)));
    },
    resume: async (scheduleId) =>
      scheduleOf(await call(() => service.resumeSchedule({ ...inNamespace, scheduleId }, timed))),
    ...createSlotCalls(calls),
  };
}

/** The server takes all settings or none, so they are read first, and written where nobody has changed them meanwhile. */
function createUpdate({ transport, inNamespace, timed, call }: OperatorCalls): Schedules["update"] {
  const service = createClient(ScheduleService, transport);

  async function attempt(
    scheduleId: string,
    changes: SettingsFields,
    revision: number | undefined,
  ): Promise<ScheduleStatus> {
    const { schedule } = await call(() => service.getSchedule({ ...inNamespace, scheduleId }, timed));
    if (schedule?.settings === undefined) throw new Error("the server answered without the schedule");
    const settings = { ...schedule.settings, ...changes };
    const asked = {
      ...inNamespace,
      scheduleId,
      settings,
      ...expected(revision ?? Number(schedule.revision)),
    };
    return scheduleOf(await call(() => service.updateSchedule(asked, timed)));
  }

  return async (scheduleId, said, { revision } = {}) => {
    const changes = await settingsToProto(said);
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt(scheduleId, changes, revision);
      } catch (error) {
        const isOver = revision !== undefined || tries === triesMax;
        if (isOver || !isProblem(error, "REVISION_CONFLICT")) throw error;
      }
    }
  };
}

function createSlotCalls({
  transport,
  inNamespace,
  timed,
  call,
}: OperatorCalls): Pick<Schedules, "trigger" | "backfill" | "preview" | "history"> {
  const service = createClient(ScheduleSlotService, transport);
  return {
    // Named here, so that a repeat of the call is the same request.
    async trigger(scheduleId, { requestId = newTaskId(), overlap } = {}) {
      const asked = { ...inNamespace, scheduleId, requestId, overlap: overlapToProto(overlap) };
      return triggeredFromProto(await call(() => service.triggerSchedule(asked, timed)));
    },
    async backfill(scheduleId, { from, to, requestId = newTaskId() }) {
      const times = { fromTime: timestampFromDate(from), toTime: timestampFromDate(to) };
      const asked = { ...inNamespace, scheduleId, requestId, ...times };
      return (await call(() => service.backfillSchedule(asked, timed))).slots.map(slotFromProto);
    },
    async preview(scheduleId, { count = 10 } = {}) {
      const asked = { ...inNamespace, scheduleId, count };
      return (await call(() => service.previewSchedule(asked, timed))).slots.map(slotFromProto);
    },
    history: (scheduleId) =>
      allPages(
        (page) => call(() => service.listScheduleSlots({ ...inNamespace, scheduleId, ...page }, timed)),
        ({ slots }) => slots.map(slotFromProto),
      ),
  };
}

const expected = (revision: number | undefined) =>
  revision === undefined ? {} : { expectedRevision: BigInt(revision) };

const isProblem = (error: unknown, reason: Reason): boolean =>
  error instanceof StemProblem && error.reason === reason;
