import { clone, create } from "@bufbuild/protobuf";
import {
  CreateScheduleResponseSchema,
  DeleteScheduleResponseSchema,
  GetScheduleResponseSchema,
  type ListSchedulesRequest,
  ListSchedulesRequestSchema,
  type ListSchedulesResponse,
  ListSchedulesResponseSchema,
  PauseScheduleResponseSchema,
  ResumeScheduleResponseSchema,
  ScheduleService,
  UpdateScheduleResponseSchema,
} from "@stem/proto/stem/v1/schedule_service_pb";
import { type ScheduleRef, scheduleIdOf } from "../../model/ids.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { pageSizeOf } from "../convert/page-token.ts";
import { requesterOf } from "../convert/requester.ts";
import { scheduleToProto } from "../convert/schedule.ts";
import { settingsFromProto, underSettings } from "../convert/schedule-settings.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { applySchedules } from "./apply-schedules.ts";

type ScheduleServiceDeps = Pick<ServiceDeps, "schedules" | "limits" | "namespaces" | "pageTokens">;

/** Serves those who make schedules, and look after them. */
export function createScheduleService(deps: ScheduleServiceDeps): ServiceEntry {
  const { schedules, namespaces } = deps;
  const refOf = scheduleRefs(namespaces);
  return serve(ScheduleService, {
    async createSchedule(request) {
      const settings = settingsFromProto(request.settings);
      const schedule = await underSettings(schedules.create(refOf(request), settings));
      return create(CreateScheduleResponseSchema, { schedule: scheduleToProto(schedule) });
    },
    async getSchedule(request) {
      const schedule = await schedules.get(refOf(request));
      return create(GetScheduleResponseSchema, { schedule: scheduleToProto(schedule) });
    },
    listSchedules: (request) => listSchedules(request, deps),
    async updateSchedule(request) {
      const settings = settingsFromProto(request.settings);
      const schedule = await underSettings(
        schedules.update(refOf(request), () => settings, revisionOf(request.expectedRevision)),
      );
      return create(UpdateScheduleResponseSchema, { schedule: scheduleToProto(schedule) });
    },
    async deleteSchedule(request) {
      const deleted = await schedules.remove(refOf(request), revisionOf(request.expectedRevision));
      return create(DeleteScheduleResponseSchema, { deleted });
    },
    async pauseSchedule(request, { caller }) {
      const by = requesterOf(request.requester, caller) ?? "";
      const schedule = await schedules.pause(refOf(request), { note: request.note, by });
      return create(PauseScheduleResponseSchema, { schedule: scheduleToProto(schedule) });
    },
    async resumeSchedule(request) {
      const schedule = await schedules.resume(refOf(request));
      return create(ResumeScheduleResponseSchema, { schedule: scheduleToProto(schedule) });
    },
    applySchedules: (request) => applySchedules(request, deps),
  });
}

/** Names the schedule that a request means. */
export const scheduleRefs =
  (namespaces: ServiceDeps["namespaces"]) =>
  (request: { readonly namespace?: string | undefined; readonly scheduleId: string }): ScheduleRef => ({
    namespace: namespaces(request.namespace),
    id: scheduleIdOf(request.scheduleId),
  });

const revisionOf = (revision: bigint | undefined): number | undefined =>
  revision === undefined ? undefined : Number(revision);

async function listSchedules(
  request: ListSchedulesRequest,
  { schedules, limits, namespaces, pageTokens }: ScheduleServiceDeps,
): Promise<ListSchedulesResponse> {
  const namespace = namespaces(request.namespace);
  const asked = Object.assign(clone(ListSchedulesRequestSchema, request), {
    ...{ namespace, pageSize: 0, pageToken: "" },
  });
  const question = { schema: ListSchedulesRequestSchema, request: asked };
  const cursor = pageTokens.read(question, request.pageToken);
  const found = await schedules.list({
    ...{ namespace, after: cursor === undefined ? undefined : scheduleIdOf(cursor) },
    // What else is said of a schedule is small beside what it starts.
    ...{ limit: pageSizeOf(request.pageSize, limits), bytesMax: limits.frameBytesMax / 2 },
  });
  return create(ListSchedulesResponseSchema, {
    schedules: found.map(scheduleToProto),
    // A page may be short because its schedules are large: only an empty one is the last.
    nextPageToken: pageTokens.sign(question, found.at(-1)?.id),
  });
}
