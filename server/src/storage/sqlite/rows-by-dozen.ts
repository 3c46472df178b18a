/** Rows go in by the dozen: running a statement costs about as much as what it does for one row. */

/** So many rows one statement takes, at most. */
const rowsMax = 64;

/** How many rows the next statement takes of those that are left: a power of four, so that few statements serve all lengths. */
function rowsOfOne(left: number): number {
  let rows = rowsMax;
  while (rows > left) rows /= 4;
  return rows;
}

/** Statements for a number of rows, each prepared when it is first needed. */
export function createByRows<T>(prepare: (rows: number) => T): (rows: number) => T {
  const prepared = new Map<number, T>();
  return (rows) => {
    let found = prepared.get(rows);
    if (found === undefined) {
      found = prepare(rows);
      prepared.set(rows, found);
    }
    return found;
  };
}

/** A list in pieces that one statement takes each. */
export function* byDozens<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; ) {
    const rows = rowsOfOne(items.length - at);
    yield items.slice(at, at + rows);
    at += rows;
  }
}

/** The VALUES of so many rows: `row` of each. */
export const valuesOf = (row: string, rows: number): string => new Array<string>(rows).fill(row).join(", ");
