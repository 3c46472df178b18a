import { scheduleBounds } from "../model/schedule.ts";

/** One field of an expression, as it is written; `name` is what people call it. */
export type CronText = { readonly name: FieldName; readonly text: string };

export type FieldName = "second" | "minute" | "hour" | "day of month" | "month" | "weekday";

/** The six fields in their order, or what is wrong with the expression. */
export type SplitCron = readonly CronText[] | { readonly fault: string };

const fieldNames: readonly FieldName[] = ["second", "minute", "hour", "day of month", "month", "weekday"];

const macros: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const months = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC";
const weekdays = "SUN|MON|TUE|WED|THU|FRI|SAT";

/** What a list of a field may consist of: `*`, a value or a range, each perhaps with a step, and what only this field knows. */
const itemOf = (value: string, special = "(?!)"): RegExp =>
  new RegExp(`^(?:(?:\\*|(?:${value})(?:-(?:${value}))?)(?:/(\\d{1,4}))?|${special})$`, "i");

const plain = itemOf("\\d{1,2}");
const grammars: Readonly<Record<FieldName, { readonly item: RegExp; readonly values: number }>> = {
  second: { item: plain, values: 60 },
  minute: { item: plain, values: 60 },
  hour: { item: plain, values: 24 },
  "day of month": { item: itemOf("\\d{1,2}", "L|LW|(?:[1-9]|[12]\\d|3[01])W"), values: 31 },
  month: { item: itemOf(`\\d{1,2}|${months}`), values: 12 },
  weekday: { item: itemOf(`\\d|${weekdays}`, `(?:[0-7]|${weekdays})(?:L|#[1-5])`), values: 7 },
};

/**
 * Takes an expression apart, and refuses what parsers let pass or read in their own way: too few fields, question marks,
 * hashes, words that run together, steps that never come round. The fields are in capitals, the seconds filled in.
 */
export function splitCron(expression: string): SplitCron {
  const { expressionCharsMax } = scheduleBounds;
  if (expression.length > expressionCharsMax)
    return { fault: `it has ${expression.length} characters; ${expressionCharsMax} are allowed` };
  const written = expression.trim();
  if (written === "") return { fault: "it is empty" };
  if (written.startsWith("@") && !Object.hasOwn(macros, written))
    return { fault: `${shown(written)} is not one of ${Object.keys(macros).join(", ")}` };
  const fields = (macros[written] ?? written).split(/[ \t]+/);
  if (fields.length !== 5 && fields.length !== 6)
    return { fault: `it has ${fields.length} fields; 5 are needed, or 6 with the seconds first` };
  const all = fields.length === 5 ? ["0", ...fields] : fields;
  const texts = fieldNames.map((name, at) => ({ name, text: all[at] ?? "" }));
  const fault = texts.map(faultOf).find((each) => each !== undefined);
  return fault === undefined
    ? texts.map(({ name, text }) => ({ name, text: text.toUpperCase() }))
    : { fault };
}

function faultOf({ name, text }: CronText): string | undefined {
  const { item, values } = grammars[name];
  const items = text.split(",");
  if (name === "weekday" && text.includes("#") && items.length > 1)
    return `${name}: # stands alone, not in a list`;
  for (const each of items) {
    if (each === "") return `${name}: ${shown(text)} has an empty place in its list`;
    const step = Number(item.exec(each)?.[1] ?? 1);
    if (!item.test(each)) return `${name}: ${shown(each)} is not understood`;
    if (step > values)
      return `${name}: a step of ${step} is longer than the field, which has ${values} values`;
  }
  return undefined;
}

/** A piece of the expression for an error: quoted, on one line, and not long. */
export const shown = (text: string): string =>
  JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
