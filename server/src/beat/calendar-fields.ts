import type { CalendarSpec } from "../model/schedule.ts";
import { bitsOf, numbersOf } from "./numbers.ts";
import type { WallFields } from "./wall-times.ts";

/** What a calendar's lists mean: an empty one every value, so that it is running as `*` is in an expression. */
export function calendarFields(spec: CalendarSpec): WallFields {
  const { months, weekdays, monthDays, hours, minutes } = spec;
  return {
    seconds: [0],
    minutes: everyOr(minutes, 0, 59),
    hours: everyOr(hours, 0, 23),
    months: everyOr(months, 1, 12),
    days: {
      monthDays: bitsOf(monthDays.filter((day) => day > 0)),
      isLast: monthDays.includes(-1),
      nearest: [],
      isLastWorkday: false,
      weekdays: bitsOf(weekdays.map((day) => day % 7)),
      lastWeekdays: 0,
      nth: undefined,
      limitsMonthDays: monthDays.length > 0,
      limitsWeekdays: weekdays.length > 0,
    },
    isRunning: minutes.length === 0 || hours.length === 0,
  };
}

const everyOr = (list: readonly number[], min: number, max: number): number[] =>
  list.length > 0 ? numbersOf(list) : Array.from({ length: max - min + 1 }, (_, at) => min + at);
