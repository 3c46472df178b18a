import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, durationMs, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  SolarEvent as ProtoEvent,
  type ScheduleSpec as ProtoSpec,
  ScheduleSpecSchema,
} from "@stem/proto/stem/v1/schedule_pb";
import { duration, timestamp } from "../run-options.ts";
import type { ScheduleSpec, ScheduleWindow, SolarEvent } from "./specs.ts";

/** A spec as a message. All that has a default is said, so that what the server keeps is the same. Throws a RangeError that names the part. */
export function specToProto(spec: ScheduleSpec): ProtoSpec {
  const { startAt, endAt }: Partial<ScheduleWindow> = spec.kind === "clocked" ? {} : spec;
  const [startTime, endTime] = [timestamp("startAt", startAt), timestamp("endAt", endAt)];
  return create(ScheduleSpecSchema, {
    spec: kindToProto(spec),
    ...(startTime && { startTime }),
    ...(endTime && { endTime }),
  });
}

function kindToProto(spec: ScheduleSpec): NonNullable<MessageInitShape<typeof ScheduleSpecSchema>["spec"]> {
  switch (spec.kind) {
    case "interval": {
      const every = duration("every", spec.everyMs);
      const anchorTime = timestamp("anchorAt", spec.anchorAt);
      return { case: "interval", value: { ...(every && { every }), ...(anchorTime && { anchorTime }) } };
    }
    case "cron":
      return { case: "cron", value: { expression: spec.expression, timeZone: spec.timeZone } };
    case "calendar": {
      const { months, weekdays, monthDays, hours, minutes, timeZone } = spec;
      const days = { months: [...months], weekdays: [...weekdays], monthDays: [...monthDays] };
      return { case: "calendar", value: { ...days, hours: [...hours], minutes: [...minutes], timeZone } };
    }
    case "solar": {
      const { event, latitude, longitude, offsetMs } = spec;
      if (!Number.isFinite(offsetMs))
        throw new RangeError(`offsetMs must be a number of milliseconds; it is ${offsetMs}`);
      const value = { latitude, longitude, offset: durationFromMs(Math.round(offsetMs)) };
      return { case: "solar", value: { event: events[event], ...value } };
    }
    case "clocked": {
      const time = timestamp("at", spec.at);
      return { case: "clocked", value: { ...(time && { time }) } };
    }
  }
}

const events: Readonly<Record<SolarEvent, ProtoEvent>> = {
  astronomical_dawn: ProtoEvent.ASTRONOMICAL_DAWN,
  nautical_dawn: ProtoEvent.NAUTICAL_DAWN,
  dawn: ProtoEvent.DAWN,
  sunrise: ProtoEvent.SUNRISE,
  solar_noon: ProtoEvent.SOLAR_NOON,
  sunset: ProtoEvent.SUNSET,
  dusk: ProtoEvent.DUSK,
  nautical_dusk: ProtoEvent.NAUTICAL_DUSK,
  astronomical_dusk: ProtoEvent.ASTRONOMICAL_DUSK,
};

const eventNames = new Map(Object.entries(events).map(([name, event]) => [event, name as SolarEvent]));

/** A spec from its message; undefined for one of a kind that this version does not know. */
export function specFromProto(message: ProtoSpec | undefined): ScheduleSpec | undefined {
  if (message === undefined) return undefined;
  const { spec, startTime, endTime } = message;
  const window = {
    startAt: startTime && timestampDate(startTime),
    endAt: endTime && timestampDate(endTime),
  };
  switch (spec.case) {
    case "interval": {
      const { every, anchorTime } = spec.value;
      const anchorAt = anchorTime ? timestampDate(anchorTime) : new Date(0);
      return { kind: "interval", everyMs: every ? durationMs(every) : 0, anchorAt, ...window };
    }
    case "cron":
      return { kind: "cron", expression: spec.value.expression, timeZone: spec.value.timeZone, ...window };
    case "calendar": {
      const { months, weekdays, monthDays, hours, minutes, timeZone } = spec.value;
      return { kind: "calendar", months, weekdays, monthDays, hours, minutes, timeZone, ...window };
    }
    case "solar": {
      const { latitude, longitude, offset } = spec.value;
      const event = eventNames.get(spec.value.event);
      const offsetMs = offset ? durationMs(offset) : 0;
      return event && { kind: "solar", event, latitude, longitude, offsetMs, ...window };
    }
    case "clocked":
      return spec.value.time && { kind: "clocked", at: timestampDate(spec.value.time) };
    case undefined:
      return undefined;
  }
}
