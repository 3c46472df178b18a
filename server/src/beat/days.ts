/** The calendar without clocks or zones: days are numbered from 1 January 1970, and a month's days are the bits 1 to 31. */

/** Which days of a month are meant. */
export type DayRule = {
  /** Days that are named by number. */
  readonly monthDays: number;
  /** The last day. */
  readonly isLast: boolean;
  /** The weekday, Monday to Friday, that is nearest to one of these days and in the same month. */
  readonly nearest: readonly number[];
  readonly isLastWorkday: boolean;
  /** Weekdays, as bits 0 to 6 from Sunday on: each of them, and the last of the month. */
  readonly weekdays: number;
  readonly lastWeekdays: number;
  /** The n-th such weekday of a month. */
  readonly nth: { readonly weekday: number; readonly n: number } | undefined;
  /** Which halves say anything. If both do, a day is meant that either means. */
  readonly limitsMonthDays: boolean;
  readonly limitsWeekdays: boolean;
};

/** The number of a day. `month` is 1 to 12. After Howard Hinnant's days_from_civil. */
export function dayNumberOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  );
}

/** The date of a day's number: its month, counted from January of year 0, and its day. */
export function dateOf(dayNumber: number): { readonly month: number; readonly day: number } {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  return { month: (yearOfEra + era * 400) * 12 + fromMarch + 2, day };
}

/** The number of a month's first day; the month as `dateOf` counts it. */
export const firstDayOf = (month: number): number => dayNumberOf(Math.floor(month / 12), (month % 12) + 1, 1);

/** 0 is Sunday; day 0 was a Thursday. */
const weekdayOf = (dayNumber: number): number => (((dayNumber + 4) % 7) + 7) % 7;

/** The days of a month that are meant, as bits 1 to 31; the month as `dateOf` counts it. */
export function daysMeant(rule: DayRule, month: number): number {
  const first = firstDayOf(month);
  const shape = { length: firstDayOf(month + 1) - first, start: weekdayOf(first) };
  const existing = (0xffffffff >>> (31 - shape.length)) & ~1;
  if (!rule.limitsMonthDays && !rule.limitsWeekdays) return existing;
  const byNumber = rule.limitsMonthDays ? meantByNumber(rule, shape) : 0;
  return (byNumber | (rule.limitsWeekdays ? meantByWeekday(rule, shape) : 0)) & existing;
}

/** What a month looks like: how many days, and the weekday of the first. */
type Shape = { readonly length: number; readonly start: number };

function meantByNumber({ monthDays, isLast, nearest, isLastWorkday }: DayRule, shape: Shape): number {
  let bits = monthDays;
  if (isLast) bits |= 1 << shape.length;
  if (isLastWorkday) bits |= 1 << nearestWorkday(shape.length, shape);
  // A day that the month does not have has no neighbours either: 31W is no day of June.
  for (const day of nearest) if (day <= shape.length) bits |= 1 << nearestWorkday(day, shape);
  return bits;
}

function nearestWorkday(day: number, { length, start }: Shape): number {
  const weekday = (start + day - 1) % 7;
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === length ? day - 2 : day + 1;
  return day;
}

function meantByWeekday({ weekdays, lastWeekdays, nth }: DayRule, { length, start }: Shape): number {
  let bits = 0;
  for (let day = 1; day <= length; day++) {
    const weekday = (start + day - 1) % 7;
    const isMeant =
      (weekdays >>> weekday) & 1 ||
      ((lastWeekdays >>> weekday) & 1 && day + 7 > length) ||
      (nth?.weekday === weekday && nth.n === Math.ceil(day / 7));
    if (isMeant) bits |= 1 << day;
  }
  return bits;
}
