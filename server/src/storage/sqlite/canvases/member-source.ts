/**
 * How what a member was is written. Most are called as their barrier is, with their place behind: of those only what is behind is kept,
 * after a blank, which no id has.
 */

/** As text, under the barrier that has this id. */
export const sourceText = (barrier: string, id: string): string =>
  id.startsWith(barrier) ? ` ${id.slice(barrier.length)}` : id;

/** The id of a text in SQL, from members m and barriers b. */
export const sourceOf = "iif(substr(m.source, 1, 1) = ' ', b.id || substr(m.source, 2), m.source)";
