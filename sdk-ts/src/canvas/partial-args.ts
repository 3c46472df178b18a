/** The arguments of a call that is handed one of them. */

/** The names of a task's arguments; a tuple has none. */
export type NameOf<Args> = Args extends readonly unknown[] ? never : keyof Args & string;

/** What is left to what is before it: the last argument, or the one named `result`. */
export type MissingArg<Args> = Args extends readonly unknown[]
  ? Last<Args>
  : "result" extends keyof Args
    ? Args["result"]
    : never;

/** A tuple without its last. */
export type Leading<Args extends readonly unknown[]> = Args extends readonly [...infer Own, unknown?]
  ? Own
  : never;

/** The last of a tuple. */
export type Last<Args extends readonly unknown[]> =
  Required<Args> extends readonly [...unknown[], infer Input] ? Input : never;
