import type { Instant } from "./ids.ts";

/** When a schedule is due: a closed union. What each means to the instant stands in docs/beat.md. */
export type ScheduleSpec = IntervalSpec | CronSpec | SolarSpec | ClockedSpec | CalendarSpec;

/** The time in which a schedule may be due: from `start` on, and before `end`. Undefined: no such bound. */
export type Window = { readonly start?: Instant | undefined; readonly end?: Instant | undefined };

/** Every `everyMs`, counted from `anchor` in both directions, so that it never drifts: runs that are late move nothing. */
export type IntervalSpec = Window & {
  readonly kind: "interval";
  readonly everyMs: number;
  readonly anchor: Instant;
};

/** When the clocks of a zone show what the expression says. */
export type CronSpec = Window & {
  readonly kind: "cron";
  /** Five fields, or six with the seconds first, or a name such as @daily. */
  readonly expression: string;
  /** An IANA name, such as Europe/Paris. */
  readonly zone: string;
};

/** When the clocks of a zone show one of these. An empty list: every. */
export type CalendarSpec = Window & {
  readonly kind: "calendar";
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 to 7; 0 and 7 are Sunday. */
  readonly weekdays: readonly number[];
  /** 1 to 31, and -1 for the last. */
  readonly monthDays: readonly number[];
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly zone: string;
};

/** When the sun is somewhere, seen from a place, moved by `offsetMs`, which may be negative. */
export type SolarSpec = Window & {
  readonly kind: "solar";
  readonly event: SolarEvent;
  /** Degrees; north and east are positive. */
  readonly latitude: number;
  readonly longitude: number;
  readonly offsetMs: number;
};

/** Once, at an instant. */
export type ClockedSpec = { readonly kind: "clocked"; readonly at: Instant };

/** What the sun does in a day. The plain dawn and dusk are the civil ones: six degrees below the horizon; nautical 12, astronomical 18. */
export const solarEvents = [
  "astronomical_dawn",
  "nautical_dawn",
  "dawn",
  "sunrise",
  "solar_noon",
  "sunset",
  "dusk",
  "nautical_dusk",
  "astronomical_dusk",
] as const;

export type SolarEvent = (typeof solarEvents)[number];

/** What no schedule goes beyond. They belong to the language of specs, not to a server, so nobody can configure them. */
export const scheduleBounds = {
  everyMsMin: 1000,
  everyMsMax: 3_653 * 86_400_000,
  expressionCharsMax: 256,
  zoneCharsMax: 64,
  solarOffsetMsMax: 86_400_000,
  /** How far ahead the next time of an expression or a calendar may be. */
  wallYearsAhead: 10,
  /** How many days may pass without the sun doing it. */
  solarDaysAhead: 400,
  /** How many slots that went by one decision fires, and how far back it looks for them. */
  catchUpSlotsMax: 1000,
  catchUpMsMax: 366 * 86_400_000,
  /** The last millisecond of the year 9999, where timestamps of the API end. */
  instantMax: 253_402_300_799_999,
} as const;

/** A schedule's slots: the instants at which it is due, in order. */
export type Slots = {
  /** The first slot strictly after that instant; undefined: there is none within the bounds above. */
  nextAfter(after: Instant): Instant | undefined;
};
