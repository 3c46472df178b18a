import { z } from "zod";

/** One thing that can be set: what it may be, what it is unless somebody says otherwise, and its flag. */
export type Setting<T> = {
  readonly kind: Kind<T>;
  readonly default: T;
  /** One line for --help and the README. */
  readonly help: string;
  /** Its flag as --help shows it. Without one it is set by name, such as `--limit payloadBytesMax=1000`. */
  readonly flag?: string;
};

/** What a value may be. */
export type Kind<T> = {
  readonly schema: z.ZodType<T>;
  /** Completes the sentence "allowed: …". */
  readonly allowed: string;
  /** Makes of a flag's or a variable's text what the schema checks; text that does not fit stays as it is. */
  readonly fromText: (text: string) => unknown;
  /** How a value is shown in errors and logs; for those that may hold a password. */
  readonly show?: (value: unknown) => string;
};

/** Settings that belong together, and how their environment variables begin. */
export type Section = {
  readonly envPrefix: string;
  readonly settings: Readonly<Record<string, Setting<unknown>>>;
};

/** The values of a section. */
export type ValuesOf<S extends Section> = {
  readonly [K in keyof S["settings"]]: S["settings"][K] extends Setting<infer T> ? T : never;
};

/** A whole number from `min` to `max`. */
export const wholeNumber = (min: number, max: number): Kind<number> => ({
  schema: z.int().min(min).max(max),
  allowed: `a whole number from ${min} to ${max}`,
  fromText: numberFromText,
});

/** A number from `min` to `max`. */
export const realNumber = (min: number, max: number): Kind<number> => ({
  schema: z.number().min(min).max(max),
  allowed: `a number from ${min} to ${max}`,
  fromText: numberFromText,
});

/** One of a few words. */
export const oneOf = <const T extends string>(words: readonly [T, ...T[]]): Kind<T> => ({
  schema: z.enum(words) as z.ZodType<T>,
  allowed: `one of ${words.join(", ")}`,
  fromText: (text) => text,
});

/** Yes or no; a flag without a value is yes. */
export const yesNo = (): Kind<boolean> => ({
  schema: z.boolean(),
  allowed: "true or false",
  fromText: (text) => ({ true: true, "1": true, false: false, "0": false })[text.toLowerCase()] ?? text,
});

/** Text of a certain form. */
export const textLike = (pattern: RegExp, allowed: string): Kind<string> => ({
  schema: z.string().regex(pattern),
  allowed,
  fromText: (text) => text,
});

/** The path of a file, or nothing. */
export const filePath = (what: string): Kind<string> => textLike(/^[^\0]*$/, `the path of ${what}`);

/** At least one text of a certain form; commas between them in a flag or variable. */
export const listLike = (pattern: RegExp, allowed: string): Kind<readonly string[]> => ({
  schema: z.array(z.string().regex(pattern)).min(1).readonly(),
  allowed,
  fromText: (text) => text.split(",").map((item) => item.trim()),
});

/** Number() takes "", " 7 " and "0x10"; people who write those mean something else. */
function numberFromText(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
