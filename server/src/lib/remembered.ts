/** Remembers what a pure function answered for up to `max` keys, and then begins anew: a bound is worth more than a good choice. */
export function remembered<K, V>(max: number, compute: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = compute(key);
    if (known.size >= max) known.clear();
    known.set(key, made);
    return made;
  };
}
