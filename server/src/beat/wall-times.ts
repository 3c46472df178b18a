import { remembered } from "../lib/remembered.ts";
import { type DayRule, dateOf, daysMeant, firstDayOf } from "./days.ts";

/** Which local times are meant. Lists are in order, without repetition, and not empty. */
export type WallFields = {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  readonly days: DayRule;
  /** Whether they say how often rather than at what time: the minutes or the hours are every one, or every n-th one. */
  readonly isRunning: boolean;
};

/** The local times that are meant, as local epoch milliseconds. */
export type WallTimes = {
  /** The first one after `local` and not after `until`. */
  nextAfter(local: number, until: number): number | undefined;
};

/** Makes the fields walkable: from a time to the next by a few look-ups, over a month without a day that is meant by one. */
export function createWallTimes(fields: WallFields): WallTimes {
  const hours = nextTable(fields.hours, 24);
  const minutes = nextTable(fields.minutes, 60);
  const seconds = nextTable(fields.seconds, 60);
  const daysOf = remembered(13, (month: number) =>
    fields.months.includes((month % 12) + 1) ? daysMeant(fields.days, month) : 0,
  );

  /** The first second of a day from `second` on; -1: there is none. */
  function timeFrom(second: number): number {
    const [hour, minute] = [Math.floor(second / 3600), Math.floor(second / 60) % 60];
    const nextHour = at(hours, hour);
    if (nextHour < 0 || nextHour > hour) return nextHour < 0 ? -1 : nextHour * 3600 + startOfHour;
    const nextMinute = at(minutes, minute);
    if (nextMinute === minute) {
      const nextSecond = at(seconds, second % 60);
      if (nextSecond >= 0) return hour * 3600 + minute * 60 + nextSecond;
    }
    const later = nextMinute === minute ? at(minutes, minute + 1) : nextMinute;
    if (later >= 0) return hour * 3600 + later * 60 + at(seconds, 0);
    const laterHour = at(hours, hour + 1);
    return laterHour < 0 ? -1 : laterHour * 3600 + startOfHour;
  }

  /** The first day from `day` on, and not after `lastDay`. */
  function dayFrom(day: number, lastDay: number): number | undefined {
    let { month, day: dayOfMonth } = dateOf(day);
    for (let first = day - dayOfMonth + 1; first <= lastDay; first = firstDayOf(month)) {
      const rest = daysOf(month) >>> dayOfMonth;
      if (rest !== 0) {
        const found = first + dayOfMonth + lowestBit(rest) - 1;
        return found <= lastDay ? found : undefined;
      }
      month += 1;
      dayOfMonth = 1;
    }
    return undefined;
  }

  const startOfHour = at(minutes, 0) * 60 + at(seconds, 0);
  const startOfDay = at(hours, 0) * 3600 + startOfHour;

  return {
    nextAfter(local, until) {
      const second = Math.floor(local / 1000) + 1;
      const today = Math.floor(second / 86_400);
      const lastDay = Math.floor(until / 86_400_000);
      const day = dayFrom(today, lastDay);
      if (day === undefined) return undefined;
      const time = day > today ? startOfDay : timeFrom(second - today * 86_400);
      const found = time >= 0 ? day : dayFrom(today + 1, lastDay);
      if (found === undefined) return undefined;
      const next = (found * 86_400 + (time >= 0 ? time : startOfDay)) * 1000;
      return next <= until ? next : undefined;
    },
  };
}

/** For each value the first one in the list from it on; -1 where none is left, also behind the end. */
function nextTable(values: readonly number[], size: number): Int8Array {
  const table = new Int8Array(size + 1).fill(-1);
  for (let value = size - 1, next = -1; value >= 0; value--) {
    if (values.includes(value)) next = value;
    table[value] = next;
  }
  return table;
}

const at = (table: Int8Array, value: number): number => table[value] ?? -1;

const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);
