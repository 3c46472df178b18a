import { clone, create } from "@bufbuild/protobuf";
import {
  BackfillScheduleResponseSchema,
  type ListScheduleSlotsRequest,
  ListScheduleSlotsRequestSchema,
  type ListScheduleSlotsResponse,
  ListScheduleSlotsResponseSchema,
  PreviewScheduleResponseSchema,
  ScheduleSlotService,
  TriggerScheduleResponseSchema,
} from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { type ServiceEntry, serve } from "../call.ts";
import { pageSizeOf } from "../convert/page-token.ts";
import { foreseenToProto, pastSlotToProto, startedToProto } from "../convert/schedule.ts";
import { overlapFromProto } from "../convert/schedule-settings.ts";
import { timeOf } from "../convert/schedule-spec.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { scheduleRefs } from "./schedule-service.ts";

type SlotServiceDeps = Pick<ServiceDeps, "schedules" | "limits" | "namespaces" | "pageTokens" | "random">;

const previewDefault = 10;

/** Serves those who want to know of slots, or something besides. */
export function createScheduleSlotService(deps: SlotServiceDeps): ServiceEntry {
  const { schedules, namespaces, random } = deps;
  const refOf = scheduleRefs(namespaces);
  return serve(ScheduleSlotService, {
    async triggerSchedule(request) {
      const wish = {
        request: request.requestId || random.taskId(),
        overlap: overlapFromProto(request.overlap),
      };
      const triggered = await schedules.trigger(refOf(request), wish);
      return create(TriggerScheduleResponseSchema, {
        waiting: triggered.kind === "waiting",
        ...(triggered.kind === "decided" && { slot: pastSlotToProto(triggered.record) }),
        ...(triggered.kind === "repeated" && { repeatedStart: startedToProto(triggered.started) }),
      });
    },
    async backfillSchedule(request) {
      const [from, to] = [timeOf("from_time", request.fromTime), timeOf("to_time", request.toTime)];
      const wish = { request: request.requestId || random.taskId(), from, to };
      const records = await schedules.backfill(refOf(request), wish);
      return create(BackfillScheduleResponseSchema, { slots: records.map(pastSlotToProto) });
    },
    async previewSchedule(request) {
      const slots = await schedules.preview(refOf(request), request.count || previewDefault);
      return create(PreviewScheduleResponseSchema, { slots: slots.map(foreseenToProto) });
    },
    listScheduleSlots: (request) => listSlots(request, deps),
  });
}

async function listSlots(
  request: ListScheduleSlotsRequest,
  { schedules, limits, namespaces, pageTokens }: SlotServiceDeps,
): Promise<ListScheduleSlotsResponse> {
  const ref = scheduleRefs(namespaces)(request);
  const asked = Object.assign(clone(ListScheduleSlotsRequestSchema, request), {
    ...{ namespace: ref.namespace, pageSize: 0, pageToken: "" },
  });
  const question = { schema: ListScheduleSlotsRequestSchema, request: asked };
  const cursor = pageTokens.read(question, request.pageToken);
  const limit = pageSizeOf(request.pageSize, limits);
  const found = await schedules.history(ref, {
    before: cursor === undefined ? undefined : Number(cursor),
    limit,
  });
  const last = found.at(-1);
  return create(ListScheduleSlotsResponseSchema, {
    slots: found.map(pastSlotToProto),
    nextPageToken: pageTokens.sign(
      question,
      found.length < limit || last === undefined ? undefined : `${last.place}`,
    ),
  });
}
