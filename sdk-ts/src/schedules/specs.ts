/** When a schedule is due: `every`, `cron`, `calendar`, `solar` and `at`. What each means to the instant stands in docs/beat.md. */

/** When a schedule is due, as it was said, and as it is read. */
export type ScheduleSpec = IntervalSpec | CronSpec | CalendarSpec | SolarSpec | ClockedSpec;

/** The time in which a schedule may be due. It belongs to when it is due; `expireAt` of its settings does not. */
export type ScheduleWindow = {
  /** From when on. Default: from ever. */
  readonly startAt: Date | undefined;
  /** Before when. Default: for ever. */
  readonly endAt: Date | undefined;
};

/** Again after the same time, counted from an anchor in both directions, so that it never drifts. */
export type IntervalSpec = ScheduleWindow & {
  readonly kind: "interval";
  readonly everyMs: number;
  readonly anchorAt: Date;
};

/** When the clocks of a zone show what an expression says. */
export type CronSpec = ScheduleWindow & {
  readonly kind: "cron";
  readonly expression: string;
  readonly timeZone: string;
};

/** When the clocks of a zone show one of the listed times. */
export type CalendarSpec = ScheduleWindow &
  CalendarLists & { readonly kind: "calendar"; readonly timeZone: string };

/** When the sun does something, seen from a place. */
export type SolarSpec = ScheduleWindow & SolarPlace & { readonly kind: "solar"; readonly event: SolarEvent };

/** Once. */
export type ClockedSpec = { readonly kind: "clocked"; readonly at: Date };

/** What clocks show; an empty list means every. Default: every. */
export type CalendarLists = {
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 to 7; 0 and 7 are Sunday. With `monthDays`: a day is meant that either means. */
  readonly weekdays: readonly number[];
  /** 1 to 31; -1 is the last day. */
  readonly monthDays: readonly number[];
  /** 0 to 23. */
  readonly hours: readonly number[];
  /** 0 to 59. */
  readonly minutes: readonly number[];
};

/** Where the sun is seen from. */
export type SolarPlace = {
  /** Degrees north, -90 to 90. */
  readonly latitude: number;
  /** Degrees east, -180 to 180. */
  readonly longitude: number;
  /** Moves every slot, up to a day in either direction. Default 0. */
  readonly offsetMs: number;
};

/** What the sun does in a day; `dawn` and `dusk` are the civil ones. */
export type SolarEvent =
  | "astronomical_dawn"
  | "nautical_dawn"
  | "dawn"
  | "sunrise"
  | "solar_noon"
  | "sunset"
  | "dusk"
  | "nautical_dusk"
  | "astronomical_dusk";

/** A length of time: the sum of what is given, 1 s to ten years. There are no days in it: with clocks that change, one is not 24 hours. */
export type IntervalLength = {
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly ms?: number;
};

/** How an interval is counted, besides its length. */
export type IntervalOptions = Partial<ScheduleWindow> & {
  /** One of its slots; the others are so many intervals before and after. Default: the beginning of 1970. */
  readonly anchorAt?: Date;
};

/** What follows clocks on a wall. */
export type WallOptions = Partial<ScheduleWindow> & {
  /** An IANA name, such as "Europe/Paris". Default "UTC". */
  readonly timeZone?: string;
};

/** Again after the same time: `every({ seconds: 90 })`, `every({ hours: 6 }, { anchorAt: noon })`. */
export function every(length: IntervalLength, options: IntervalOptions = {}): IntervalSpec {
  const { hours = 0, minutes = 0, seconds = 0, ms = 0 } = length;
  const everyMs = ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms;
  const { anchorAt = new Date(0) } = options;
  return { kind: "interval", everyMs, anchorAt, ...windowOf(options) };
}

/**
 * When clocks show what an expression says: five fields, or six with the seconds first, or a name such as @daily. `cron("0 3 * * *", {
 * timeZone: "Europe/Paris" })`
 */
export const cron = (expression: string, options: WallOptions = {}): CronSpec => ({
  ...{ kind: "cron", expression, timeZone: options.timeZone ?? "UTC" },
  ...windowOf(options),
});

/** When clocks show one of the listed times: `calendar({ weekdays: [1], hours: [9], minutes: [0], timeZone: "Asia/Tokyo" })`. */
export function calendar(times: Partial<CalendarLists> & WallOptions): CalendarSpec {
  const { months = [], weekdays = [], monthDays = [], hours = [], minutes = [], timeZone = "UTC" } = times;
  return { kind: "calendar", months, weekdays, monthDays, hours, minutes, timeZone, ...windowOf(times) };
}

/** When the sun does something: `solar("sunset", { latitude: 52.5, longitude: 13.4, offsetMs: -600_000 })` is ten minutes before. */
export function solar(
  event: SolarEvent,
  place: Omit<SolarPlace, "offsetMs"> & Partial<SolarPlace & ScheduleWindow>,
): SolarSpec {
  const { latitude, longitude, offsetMs = 0 } = place;
  return { kind: "solar", event, latitude, longitude, offsetMs, ...windowOf(place) };
}

/** Once, at an instant. Has it gone by when the schedule is made, its catch-up decides. */
export const at = (instant: Date): ClockedSpec => ({ kind: "clocked", at: instant });

const windowOf = ({ startAt, endAt }: Partial<ScheduleWindow>): ScheduleWindow => ({ startAt, endAt });
