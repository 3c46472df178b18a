import { CronDate, CronExpressionParser, type CronFieldCollection } from "cron-parser";
import { remembered } from "../lib/remembered.ts";
import { type CronText, type FieldName, shown, splitCron } from "./cron-text.ts";
import type { DayRule } from "./days.ts";
import { bitsOf, numbersOf } from "./numbers.ts";
import type { WallFields } from "./wall-times.ts";

/** What an expression means, or what is wrong with it. */
export type ReadCron = WallFields | { readonly fault: string };

/** What an expression means; many are used by many schedules, and are remembered, because reading one takes a tenth of a millisecond. */
export const readCron: (expression: string) => ReadCron = remembered(10_000, read);

function read(expression: string): ReadCron {
  const texts = splitCron(expression);
  if ("fault" in texts) return texts;
  const values = valuesOf(texts);
  return "fault" in values ? values : fieldsOf(texts, values);
}

/** The values of each field, as the parser lists them: numbers, and words such as L or 5L. */
type Values = ReadonlyMap<FieldName, readonly (number | string)[]>;

const parserNames = {
  second: "second",
  minute: "minute",
  hour: "hour",
  "day of month": "dayOfMonth",
  month: "month",
  weekday: "dayOfWeek",
} as const satisfies Record<FieldName, keyof CronFieldCollection>;

const names = Object.keys(parserNames) as FieldName[];

/** Only fields are wanted of the parser, never a date; without one it would look at the clock for each expression. */
const options = { currentDate: new CronDate(new Date(0), "UTC"), tz: "UTC" };

const parsed = (texts: readonly string[]): CronFieldCollection =>
  CronExpressionParser.parse(texts.join(" "), options).fields;

/**
 * All fields at once, as nearly every expression lets itself be read. The parser refuses lists that name a value twice, and
 * days that a month does not have beside others that it has: then each item is read alone, which also tells where the fault is.
 */
function valuesOf(texts: readonly CronText[]): Values | { readonly fault: string } {
  const plain = texts.map(({ name, text }) => ({ name, text: forParser(name, text) }));
  try {
    const fields = parsed(plain.map(({ text }) => text));
    return new Map(names.map((name) => [name, fields[parserNames[name]].values]));
  } catch {
    return valuesOneByOne(plain);
  }
}

function valuesOneByOne(texts: readonly CronText[]): Values | { readonly fault: string } {
  const read = new Map<FieldName, readonly (number | string)[]>();
  for (const { name, text } of texts) {
    const values = valuesOfField(name, text);
    if ("fault" in values) return values;
    read.set(name, values);
  }
  return read;
}

function valuesOfField(name: FieldName, text: string): (number | string)[] | { readonly fault: string } {
  const place = names.indexOf(name);
  const values: (number | string)[] = [];
  for (const item of text.split(",")) {
    try {
      const alone = parsed(names.map((_, at) => (at === place ? item : "*")));
      values.push(...alone[parserNames[name]].values);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { fault: `${name}: ${shown(item)} is not possible (${why})` };
    }
  }
  return values;
}

/** W is ours, and the parser does not see it; Sunday is 7 at the end of a range, as in fri-sun. */
function forParser(name: FieldName, text: string): string {
  if (name === "weekday") return text.replace(/-SUN/g, "-7");
  if (name !== "day of month") return text;
  const others = text.split(",").filter((item) => !item.endsWith("W"));
  return others.length === 0 ? "*" : others.join(",");
}

function fieldsOf(texts: readonly CronText[], values: Values): WallFields {
  const textOf = (name: FieldName): string => texts.find((each) => each.name === name)?.text ?? "";
  const of = (name: FieldName): readonly (number | string)[] => values.get(name) ?? [];
  const starts = (name: FieldName): boolean =>
    textOf(name)
      .split(",")
      .some((item) => item.startsWith("*"));
  return {
    seconds: numbersOf(of("second")),
    minutes: numbersOf(of("minute")),
    hours: numbersOf(of("hour")),
    months: numbersOf(of("month")),
    days: dayRuleOf({ monthDays: textOf("day of month"), weekdays: textOf("weekday") }, values),
    isRunning: starts("minute") || starts("hour"),
  };
}

function dayRuleOf(text: { monthDays: string; weekdays: string }, values: Values): DayRule {
  const special = text.monthDays.split(",").filter((item) => item.endsWith("W"));
  const isOnlySpecial = special.length === text.monthDays.split(",").length;
  const monthDays = isOnlySpecial ? [] : (values.get("day of month") ?? []);
  const [, n] = text.weekdays.split("#");
  const listed = values.get("weekday") ?? [];
  const weekdays = listed.filter((value) => typeof value === "number").map((value) => value % 7);
  return {
    monthDays: bitsOf(numbersOf(monthDays)),
    isLast: monthDays.includes("L"),
    nearest: special.filter((item) => item !== "LW").map((item) => Number.parseInt(item, 10)),
    isLastWorkday: special.includes("LW"),
    weekdays: n === undefined ? bitsOf(weekdays) : 0,
    lastWeekdays: bitsOf(lastOnes(listed)),
    nth: n === undefined ? undefined : { weekday: weekdays[0] ?? 0, n: Number(n) },
    limitsMonthDays: text.monthDays !== "*",
    limitsWeekdays: text.weekdays !== "*",
  };
}

/** The weekdays of items such as 5L. */
const lastOnes = (values: readonly (number | string)[]): number[] =>
  values.filter((value) => typeof value === "string").map((value) => Number.parseInt(value, 10) % 7);
