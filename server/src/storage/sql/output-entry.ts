import type { Bytes, Instant } from "../../model/ids.ts";
import type { OutputEntry } from "../../model/task-output.ts";
import { outputKindCodes } from "./codes.ts";

/** The columns of an entry of output. */
export const outputEntryColumns = "place, kind, attempt, delivery, written_at, body";

/** One row of outputEntryColumns. */
export type OutputEntryRow = readonly [
  place: number,
  kind: number,
  attempt: number,
  delivery: number,
  writtenAt: Instant,
  body: Bytes,
];

/** The entry that a row means. */
export const outputEntryOf = ([offset, kind, attempt, delivery, at, body]: OutputEntryRow): OutputEntry => ({
  ...{ offset, kind: outputKindCodes.word(kind) },
  ...{ attempt, delivery, at, body },
});
