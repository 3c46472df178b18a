/** When schedules are due, both ways. What cannot be in a spec at all is refused here; what makes no sense in one, in the room. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import {
  type CalendarSpec as CalendarMessage,
  ScheduleSpecSchema,
  type ScheduleSpec as SpecMessage,
  SolarEvent as WireSolarEvent,
} from "@stem/proto/stem/v1/schedule_pb";
import { type Instant, instantOf } from "../../model/ids.ts";
import { fieldInvalid } from "../../model/problem.ts";
import type { CalendarSpec, ScheduleSpec, SolarEvent, Window } from "../../model/schedule.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";
import { durationFault, durationMs, optionalInstant } from "./time-fields.ts";

const events: { readonly [E in SolarEvent]: WireSolarEvent } = {
  astronomical_dawn: WireSolarEvent.ASTRONOMICAL_DAWN,
  nautical_dawn: WireSolarEvent.NAUTICAL_DAWN,
  dawn: WireSolarEvent.DAWN,
  sunrise: WireSolarEvent.SUNRISE,
  solar_noon: WireSolarEvent.SOLAR_NOON,
  sunset: WireSolarEvent.SUNSET,
  dusk: WireSolarEvent.DUSK,
  nautical_dusk: WireSolarEvent.NAUTICAL_DUSK,
  astronomical_dusk: WireSolarEvent.ASTRONOMICAL_DUSK,
};

/** A spec as it was sent; throws what is wrong with its form, with paths that begin at it. */
export function specFromProto(message: SpecMessage): ScheduleSpec {
  const { spec } = message;
  switch (spec.case) {
    case "interval": {
      const anchor = optionalInstant("interval.anchor_time", spec.value.anchorTime) ?? instantOf(0);
      const everyMs = msOf("interval.every", spec.value.every);
      return { kind: "interval", everyMs, anchor, ...windowOf(message) };
    }
    case "cron": {
      const { expression, timeZone } = spec.value;
      return { kind: "cron", expression, zone: timeZone || "UTC", ...windowOf(message) };
    }
    case "calendar":
      return { ...calendarOf(spec.value), ...windowOf(message) };
    case "solar": {
      const { event: wire, latitude, longitude, offset } = spec.value;
      const event = (Object.keys(events) as SolarEvent[]).find((each) => events[each] === wire);
      if (event === undefined) throw fieldInvalid("solar.event", "must be one that there is");
      const offsetMs = offset === undefined ? 0 : msOf("solar.offset", offset);
      return { kind: "solar", event, latitude, longitude, offsetMs, ...windowOf(message) };
    }
    case "clocked": {
      if (message.startTime !== undefined || message.endTime !== undefined)
        throw fieldInvalid(message.startTime ? "start_time" : "end_time", "must be left out with clocked");
      return { kind: "clocked", at: timeOf("clocked.time", spec.value.time) };
    }
    case undefined:
      throw fieldInvalid("spec", "must be set");
  }
}

const calendarOf = (value: CalendarMessage): CalendarSpec => ({
  ...{ kind: "calendar", months: value.months, weekdays: value.weekdays, monthDays: value.monthDays },
  ...{ hours: value.hours, minutes: value.minutes, zone: value.timeZone || "UTC" },
});

function windowOf({ startTime, endTime }: SpecMessage): Window {
  const start = optionalInstant("start_time", startTime);
  const end = optionalInstant("end_time", endTime);
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}

/** A duration that has to be there; throws FIELD_INVALID where it is none. */
export function msOf(field: string, duration: Duration | undefined): number {
  const fault = duration === undefined ? "must be set" : durationFault(duration);
  if (duration === undefined || fault !== undefined) throw fieldInvalid(field, fault ?? "must be set");
  return durationMs(duration);
}

/** A time that has to be there; throws FIELD_INVALID where it is none. */
export function timeOf(field: string, time: Timestamp | undefined): Instant {
  const instant = optionalInstant(field, time);
  if (instant === undefined) throw fieldInvalid(field, "must be set");
  return instant;
}

/** A spec as callers see it. */
export function specToProto(spec: ScheduleSpec): SpecMessage {
  const { start, end }: Window = spec.kind === "clocked" ? {} : spec;
  return create(ScheduleSpecSchema, {
    spec: kindToProto(spec),
    ...(start !== undefined && { startTime: timestampFromInstant(start) }),
    ...(end !== undefined && { endTime: timestampFromInstant(end) }),
  });
}

function kindToProto(spec: ScheduleSpec): NonNullable<MessageInitShape<typeof ScheduleSpecSchema>["spec"]> {
  switch (spec.kind) {
    case "interval": {
      const { everyMs, anchor } = spec;
      const value = { every: durationFromMs(everyMs), anchorTime: timestampFromInstant(anchor) };
      return { case: "interval", value };
    }
    case "cron":
      return { case: "cron", value: { expression: spec.expression, timeZone: spec.zone } };
    case "calendar": {
      const { months, weekdays, monthDays, hours, minutes, zone: timeZone } = spec;
      const dates = { months: [...months], weekdays: [...weekdays], monthDays: [...monthDays] };
      return {
        case: "calendar",
        value: { ...dates, hours: [...hours], minutes: [...minutes], timeZone },
      };
    }
    case "solar": {
      const { event, latitude, longitude, offsetMs } = spec;
      const value = { event: events[event], latitude, longitude, offset: durationFromMs(offsetMs) };
      return { case: "solar", value };
    }
    case "clocked":
      return { case: "clocked", value: { time: timestampFromInstant(spec.at) } };
  }
}
