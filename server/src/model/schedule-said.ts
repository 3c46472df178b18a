/** Whether what is said of schedules is the same, in its normal form: what is left out counts as its default, and order does not count. */

import type { ScheduleSettings, ScheduleTarget } from "./schedule-record.ts";

/** Something that is said of a schedule. */
export type Said = keyof ScheduleSettings;

/** What is said otherwise than before, in the order of the settings; none: nothing is. */
export function changedSettings(
  before: ScheduleSettings,
  after: ScheduleSettings,
  isSameTarget: (a: ScheduleTarget, b: ScheduleTarget) => boolean,
): readonly Said[] {
  const said = Object.keys(saidOrder) as Said[];
  return said.filter((name) =>
    name === "target" ? !isSameTarget(before.target, after.target) : !isSame(before[name], after[name]),
  );
}

/** Complete, so that nothing which is said can be changed unseen. */
const saidOrder: { readonly [S in Said]: true } = {
  ...{ spec: true, target: true, catchUp: true, overlap: true, jitterMs: true, isEnabled: true },
  ...{ expireAt: true, runsMax: true, priority: true, whenOver: true, description: true },
};

/** Whether two values are the same but for the order of what they are made of, and for what is undefined in them. */
export const isSame = (a: unknown, b: unknown): boolean => wordsOf(a) === wordsOf(b);

const wordsOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  ) ?? "";
