/** A list in pieces of at most `size`, in order; the list itself when it is one piece. */
export function* chunksOf<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  if (list.length <= size) {
    if (list.length > 0) yield list;
    return;
  }
  for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size);
}
