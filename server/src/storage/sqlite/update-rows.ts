import { command, type Database, type Value } from "./files/connection.ts";

/** What is written into rows of tasks, and what must hold of each. */
export type RowsUpdate = {
  /** How many values it takes: ?1 and so on. */
  readonly values: number;
  /** The assignments; `place` is a row's place, from 0, in its part of the list. */
  readonly set: (place: string) => string;
  readonly where: string;
};

/** Writes into the rows with these numbers; `valuesAt` gives the values for the part that begins there. Answers how many rows it changed. */
export type UpdateRows = (seqs: readonly number[], valuesAt: (at: number) => readonly Value[]) => number;

/**
 * Makes a command that writes many rows of tasks. Numbers that follow each other, which those of a queue mostly do, are a span, and its
 * rows are written as SQLite comes to them; of a list it first collects all that it is going to write, which costs a third more.
 */
export function createUpdateRows(db: Database, { values, set, where }: RowsUpdate): UpdateRows {
  const [first, last] = [`?${values + 1}`, `?${values + 2}`];
  // NOT INDEXED: by the number of the row, which is no index.
  const spanned = command(
    db,
    `UPDATE tasks NOT INDEXED SET ${set(`seq - ${first}`)} WHERE seq BETWEEN ${first} AND ${last} AND ${where}`,
  );
  const listed = command(
    db,
    `UPDATE tasks SET ${set("listed.key")} FROM json_each(${first}) listed WHERE seq = listed.value AND ${where}`,
  );

  return (seqs, valuesAt) => {
    const spans = spansOf(seqs);
    if (spans === undefined) return listed(...valuesAt(0), JSON.stringify(seqs));
    let changed = 0;
    let at = 0;
    for (const [from, to] of spans) {
      changed += spanned(...valuesAt(at), from, to);
      at += to - from + 1;
    }
    return changed;
  };
}

/** Numbers that follow each other, both ends included. */
type Span = readonly [from: number, to: number];

/** With fewer rows a span, running a statement for each costs more than the list. */
const spanRowsMin = 4;

/** A list in spans, in its order; undefined where it is too scattered. */
export function spansOf(seqs: readonly number[]): readonly Span[] | undefined {
  const spansMax = Math.ceil(seqs.length / spanRowsMin);
  const spans: [number, number][] = [];
  for (const seq of seqs) {
    const open = spans.at(-1);
    if (open !== undefined && seq === open[1] + 1) open[1] = seq;
    else if (spans.push([seq, seq]) > spansMax) return undefined;
  }
  return spans;
}
