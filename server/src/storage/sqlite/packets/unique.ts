import { type Instant, instantOf } from "../../../model/ids.ts";
import type { UniqueWish } from "../../../model/unique.ts";
import { createCodes } from "../../sql/codes.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

const conflicts = createCodes<UniqueWish["onConflict"]>({ return: 0, reject: 1, replace: 2, debounce: 3 });

/** Writes what a task claims. */
export function writeWish(to: PacketWriter, { key, onConflict, keepUntil, startBy }: UniqueWish): void {
  to.text(key);
  to.number(conflicts.code(onConflict));
  to.optionalNumber(keepUntil);
  to.optionalNumber(startBy);
}

export const readWish = (from: PacketReader): UniqueWish => ({
  key: from.text(),
  onConflict: conflicts.word(from.number()),
  keepUntil: readTime(from),
  startBy: readTime(from),
});

function readTime(from: PacketReader): Instant | undefined {
  const value = from.optionalNumber();
  return value === undefined ? undefined : instantOf(value);
}
