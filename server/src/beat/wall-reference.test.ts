import { CronDate, CronExpressionParser } from "cron-parser";
import { expect, test } from "vitest";
import { createSeededRandom } from "../../../test/support/seeded-random.ts";
import { cron, isoOf } from "../../../test/support/slots.ts";
import { type Instant, instantOf } from "../model/ids.ts";
import { compile, occurrences } from "./beat.ts";

/*
 * The same rules, written a second time and without a thought for speed: what clocks show is read minute by minute from Intl, and every
 * minute is asked whether the expression means it. Nothing is shared with what is tested, not even how offsets are read.
 */

const seed = Number(process.env["STEM_SEED"] ?? Date.now() % 2 ** 31);
const random = createSeededRandom(seed);
const below = (count: number): number => Math.floor(random.chance() * count);
const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;

const minuteMs = 60_000;
const dayMs = 86_400_000;
const stretchCount = 40;
const expressionCount = 2500;
/** Each expression is held against that many of the stretches: reading one takes as long as walking a few. */
const stretchesEach = 8;

const zones = [
  "America/New_York",
  "Europe/Paris",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "Asia/Tokyo",
  "UTC",
  "America/Sao_Paulo",
  "Africa/Cairo",
  "Asia/Tehran",
  "Pacific/Chatham",
  "America/St_Johns",
  "Antarctica/Troll",
  "Asia/Amman",
  "America/Asuncion",
  "Europe/Dublin",
  "Pacific/Apia",
];

/** What the clocks of a zone show, as the milliseconds of a clock that shows UTC; whole minutes. */
function clockOf(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat("en-US-u-ca-iso8601", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"));
  };
}

/** A stretch of time, minute by minute: what clocks showed, as one number and as its parts; `day` counts those that were shown. */
type Stretch = {
  readonly zone: string;
  readonly minutes: readonly Minute[];
  readonly days: readonly number[];
  /** The minute at which its clocks changed; 0 if they did not. */
  readonly change: number;
};
type Minute = { readonly at: number; readonly shown: number } & Shown;
type Shown = { readonly minute: number; readonly hour: number; readonly day: number };

/** 36 hours of some zone and year, mostly around a change of its clocks. */
function someStretch(): Stretch {
  const zone = pick(zones);
  const shownAt = clockOf(zone);
  const year = Date.UTC(1975 + below(85), 0, 1);
  const changes: number[] = [];
  for (let at = year; at < year + 366 * dayMs; at += dayMs) {
    if (shownAt(at) - at !== shownAt(at + dayMs) - at - dayMs) changes.push(at);
  }
  const day = changes.length > 0 && below(10) > 0 ? pick(changes) : year + below(365) * dayMs;
  const times = Array.from({ length: 36 * 60 }, (_, index) => day - dayMs / 4 + index * minuteMs);
  const days: number[] = [];
  const minutes = times.map((at) => {
    const shown = shownAt(at);
    return { at, shown, ...partsOf(shown, days) };
  });
  const ahead = ({ at, shown }: Minute): number => shown - at;
  const change = minutes.findIndex((each, index) => ahead(each) !== ahead(minutes[index - 1] ?? each));
  return { zone, minutes, days, change: Math.max(0, change) };
}

/** The parts of a local time; the day is entered among the days if it is not there yet. */
function partsOf(local: number, days: number[]): Shown {
  const midnight = Math.floor(local / dayMs) * dayMs;
  if (!days.includes(midnight)) days.push(midnight);
  const time = new Date(local);
  return { minute: time.getUTCMinutes(), hour: time.getUTCHours(), day: days.indexOf(midnight) };
}

/** A field of an expression: as it is written, and what it means. */
type Field = { readonly text: string; means(value: number): boolean };

const anything: Field = { text: "*", means: () => true };

function someItem(min: number, max: number): Field {
  const value = (): number => min + below(max - min + 1);
  const [a, b] = [value(), value()].sort((x, y) => x - y) as [number, number];
  const step = 1 + below(Math.ceil((max - min + 1) / 2));
  return pick<Field>([
    { text: `${a}`, means: (v) => v === a },
    { text: `${a}-${b}`, means: (v) => a <= v && v <= b },
    { text: `${a}-${b}/${step}`, means: (v) => a <= v && v <= b && (v - a) % step === 0 },
    { text: `*/${step}`, means: (v) => (v - min) % step === 0 },
  ]);
}

function someField(min: number, max: number, restraint = 0.5): Field {
  if (random.chance() >= restraint) return anything;
  const items = Array.from({ length: 1 + below(3) }, () => someItem(min, max));
  return {
    text: items.map(({ text }) => text).join(","),
    means: (value) => items.some(({ means }) => means(value)),
  };
}

/** A half of the days: by number or by weekday. */
type DayHalf = { readonly text: string; means(local: number): boolean };

const dateOf = (local: number): number => new Date(local).getUTCDate();
const monthOf = (local: number): number => new Date(local).getUTCMonth();
const weekdayOf = (local: number): number => new Date(local).getUTCDay();
const isWorkday = (local: number): boolean => weekdayOf(local) !== 0 && weekdayOf(local) !== 6;

/** The weekday nearest to a day of its month: itself, or the first found when looking one, then two days away. */
function isNearest(local: number, date: number): boolean {
  const target = local + (date - dateOf(local)) * dayMs;
  const near = [0, -1, 1, -2, 2].map((away) => target + away * dayMs);
  const found = near.find((day) => isWorkday(day) && monthOf(day) === monthOf(target));
  return monthOf(target) === monthOf(local) && found === local;
}

function someMonthDays(): DayHalf {
  const field = someField(1, 31);
  const date = 1 + below(31);
  const isLast = (local: number): boolean => monthOf(local + dayMs) !== monthOf(local);
  return pick<DayHalf>([
    { text: field.text, means: (local) => field.means(dateOf(local)) },
    { text: "*", means: () => true },
    { text: `${date},L`, means: (local) => dateOf(local) === date || isLast(local) },
    { text: `${date}W`, means: (local) => isNearest(local, date) },
  ]);
}

function someWeekdays(): DayHalf {
  const field = someField(0, 6);
  const [weekday, n] = [below(7), 1 + below(5)];
  return pick<DayHalf>([
    { text: field.text, means: (local) => field.means(weekdayOf(local)) },
    { text: "*", means: () => true },
    {
      text: `${weekday}#${n}`,
      means: (local) => weekdayOf(local) === weekday && Math.floor((dateOf(local) - 1) / 7) + 1 === n,
    },
    {
      text: `${weekday}L`,
      means: (local) => weekdayOf(local) === weekday && monthOf(local + 7 * dayMs) !== monthOf(local),
    },
  ]);
}

/** An expression: as it is written, what it means, and whether it follows real time. */
type Expression = {
  readonly text: string;
  readonly isRunning: boolean;
  /** Whether it means a time of one of these days. */
  meansIn(days: readonly number[]): (shown: Shown) => boolean;
};

function someExpression(): Expression {
  const [minute, hour, month] = [someField(0, 59, 0.8), someField(0, 23, 0.8), someField(1, 12, 0.1)];
  const [monthDays, weekdays] = [someMonthDays(), someWeekdays()];
  const dayMeans = (day: number): boolean => {
    if (monthDays.text === "*") return weekdays.means(day);
    return monthDays.means(day) || (weekdays.text !== "*" && weekdays.means(day));
  };
  return {
    text: [minute, hour, monthDays, month, weekdays].map(({ text }) => text).join(" "),
    isRunning: /(^|,)\*/.test(minute.text) || /(^|,)\*/.test(hour.text),
    meansIn(days) {
      const minutes = Array.from({ length: 60 }, (_, value) => minute.means(value));
      const hours = Array.from({ length: 24 }, (_, value) => hour.means(value));
      const meant = days.map((day) => month.means(monthOf(day) + 1) && dayMeans(day));
      return (shown) =>
        minutes[shown.minute] === true && hours[shown.hour] === true && meant[shown.day] === true;
    },
  };
}

/** The local times of a stretch in their order, each with the minute at which it was first shown, or passed over. */
function firstShown({ minutes }: Stretch): { first: readonly Minute[]; days: readonly number[] } {
  const first: Minute[] = [];
  const days: number[] = [];
  let latest = minutes[0]?.shown ?? 0;
  for (const { at, shown } of minutes) {
    for (; latest <= shown; latest += minuteMs) first.push({ at, shown: latest, ...partsOf(latest, days) });
  }
  return { first, days };
}

/** All slots of the stretch, by its minutes or by its local times. */
function expected(expression: Expression, stretch: Stretch, local: ReturnType<typeof firstShown>): number[] {
  const [days, minutes] = expression.isRunning ? [stretch.days, stretch.minutes] : [local.days, local.first];
  return [...new Set(minutes.filter(expression.meansIn(days)).map(({ at }) => at))];
}

test("random expressions are due when every minute says so, over zones, years and changes of clocks", () => {
  process.stdout.write(`schedules against the reference: repeat them with STEM_SEED=${seed}\n`);
  const stretches = Array.from({ length: stretchCount }, someStretch).map((stretch) => ({
    stretch,
    local: firstShown(stretch),
  }));
  let [cases, slots, idle] = [0, 0, 0];
  for (let each = 0; each < expressionCount; each++) {
    const expression = someExpression();
    for (let turn = 0; turn < stretchesEach; turn++) {
      const { stretch, local } = stretches[(each * stretchesEach + turn) % stretchCount] ?? fail();
      const wanted = expected(expression, stretch, local);
      const found = slotsIn(expression.text, stretch);
      cases += 1;
      slots += wanted.length;
      if (wanted.length === 0) idle += 1;
      // As one text, because comparing lists takes longer than making them.
      if (found.join() !== wanted.join()) {
        const where = `${expression.text} in ${stretch.zone}; repeat it with STEM_SEED=${seed}`;
        expect(found.map(isoOf), where).toEqual(wanted.map((at) => isoOf(instantOf(at))));
      }
      checkFromAnywhere(expression.text, stretch, wanted);
    }
  }
  expect(cases).toBe(20_000);
  // That is, they were neither all idle nor all at every minute.
  expect(slots).toBeGreaterThan(cases);
  expect(idle).toBeLessThan(cases * 0.9);
}, 60_000);

/** The slot after some moment is the same, whether that is a slot or not; mostly one in the hour after clocks changed. */
function checkFromAnywhere(text: string, stretch: Stretch, wanted: readonly number[]): void {
  const { zone, minutes, change } = stretch;
  const near = minutes[change + below(60)];
  const after = (below(3) > 0 && near !== undefined ? near.at : pick(minutes).at) + below(minuteMs);
  const next = wanted.find((at) => at > after);
  const found = compile(cron(text, zone)).nextAfter(instantOf(after));
  const isFound = next === undefined ? (found ?? Infinity) > (minutes.at(-1)?.at ?? 0) : found === next;
  if (!isFound)
    expect(found, `${text} in ${zone} after ${after}; repeat it with STEM_SEED=${seed}`).toBe(next);
}

function fail(): never {
  throw new Error("there is no such stretch");
}

/** All slots of a stretch that an expression has, which must rise. */
function slotsIn(text: string, { zone, minutes }: Stretch): Instant[] {
  const from = instantOf(minutes[0]?.at ?? 0);
  const range = { from, to: instantOf(from + minutes.length * minuteMs), limit: 10_000 };
  const found = [...occurrences(compile(cron(text, zone)), range)];
  for (const [index, at] of found.entries()) {
    if (index > 0 && at <= (found[index - 1] ?? 0))
      throw new Error(`${text} in ${zone}: ${isoOf(at)} does not rise`);
  }
  return found;
}

test("where clocks never change, cron-parser finds the same", () => {
  let compared = 0;
  for (let each = 0; each < 400; each++) {
    const { text } = someExpression();
    const from = Date.UTC(1980 + below(70), below(12), 1 + below(28), below(24), below(60));
    const theirs = theirNext(text, from);
    if (theirs === undefined) continue;
    compared += 1;
    const range = { from: instantOf(from + 1), to: instantOf(theirs[2] + 1), limit: 4 };
    expect([...occurrences(compile(cron(text)), range)], `${text} (STEM_SEED=${seed})`).toEqual(theirs);
  }
  expect(compared).toBeGreaterThan(100);
});

/** The next three as cron-parser finds them; undefined for what it does not take: a W, or a list with a value twice. */
function theirNext(text: string, from: number): [number, number, number] | undefined {
  if (text.includes("W")) return undefined;
  try {
    const parsed = CronExpressionParser.parse(text, {
      currentDate: new CronDate(new Date(from), "UTC"),
      tz: "UTC",
    });
    return [parsed.next().getTime(), parsed.next().getTime(), parsed.next().getTime()];
  } catch {
    return undefined;
  }
}
