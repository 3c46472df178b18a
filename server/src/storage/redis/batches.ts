import type { Namespace } from "../../model/ids.ts";
import { StemProblem } from "../../model/problem.ts";
import { unavailable } from "./problems.ts";

/** So many items go into one script: it does them in a few milliseconds, in which nobody else is served. */
const itemsMax = 250;

/** Some items of a call, all of one namespace, and their places in the call. */
type Piece<T> = {
  readonly namespace: Namespace;
  readonly items: readonly T[];
  readonly places: readonly number[];
};

/** How a call is cut: items are of size 1, and a piece of so many, unless it is said otherwise; an item that is larger has its own. */
type Cut<T> = { readonly sizeOf?: (item: T) => number; readonly sizeMax?: number | undefined };

/** Cuts a call into pieces for scripts: by namespace, the order within each kept. */
export function piecesOf<T>(
  items: readonly T[],
  namespaceOf: (item: T) => Namespace,
  { sizeOf = () => 1, sizeMax = itemsMax }: Cut<T> = {},
): readonly Piece<T>[] {
  const groups = Map.groupBy(
    items.map((item, place) => ({ item, place })),
    ({ item }) => namespaceOf(item),
  );
  const pieces: Piece<T>[] = [];
  for (const [namespace, group] of groups) {
    let [items, places, size]: [T[], number[], number] = [[], [], 0];
    for (const { item, place } of group) {
      const own = sizeOf(item);
      if (items.length === 0 || size + own > sizeMax) {
        [items, places, size] = [[], [], 0];
        pieces.push({ namespace, items, places });
      }
      items.push(item);
      places.push(place);
      size += own;
    }
  }
  return pieces;
}

/**
 * Asks for all pieces at once, in order, and puts their answers together in the order of the items. When one of several fails, others may
 * have happened, which is told as that nobody knows.
 */
export async function inPieces<T, R>(
  pieces: readonly Piece<T>[],
  ask: (piece: Piece<T>) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const [only] = pieces;
  if (only === undefined) return [];
  if (pieces.length === 1) return placed(pieces, [await ask(only)]);
  const settled = await Promise.allSettled(pieces.map(ask));
  const failures = settled.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
  if (failures.length > 0) throw failureOf(failures, failures.length === pieces.length);
  return placed(
    pieces,
    settled.map((each) => (each.status === "fulfilled" ? each.value : [])),
  );
}

/** A bug is a bug; a store that was full for all of them has stored nothing. */
function failureOf(failures: readonly unknown[], isAll: boolean): unknown {
  const bug = failures.find((failure) => !(failure instanceof StemProblem));
  if (bug !== undefined) return bug;
  const isFull = failures.every(
    (failure) => failure instanceof StemProblem && failure.problem.reason === "STORE_FULL",
  );
  return isAll && isFull ? failures[0] : unavailable();
}

function placed<T, R>(pieces: readonly Piece<T>[], answers: readonly (readonly R[])[]): readonly R[] {
  const all: R[] = [];
  for (const [at, { places }] of pieces.entries())
    for (const [i, place] of places.entries()) {
      const answer = answers[at]?.[i];
      if (answer === undefined && i >= (answers[at]?.length ?? 0))
        throw new RangeError("a script answered fewer items than it was asked for");
      all[place] = answer as R;
    }
  return all;
}
