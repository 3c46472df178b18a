import type { SlotRecord } from "./schedule-record.ts";

/** A slot whose start could not be made, by the place of its record. */
export type NotMade = { readonly place: number; readonly why: string };

/** Records of slots as they came out, of which these could not be made. */
export function recordsAsTheyCame(
  records: readonly SlotRecord[],
  notMade: readonly NotMade[],
): readonly SlotRecord[] {
  const whys = new Map(notMade.map(({ place, why }) => [place, why]));
  return records.map((record) => {
    const why = whys.get(record.place);
    return why === undefined ? record : { ...record, outcome: { kind: "not_made", why } };
  });
}
