import { barrierIdOf, canvasIdOf, partIdOf } from "../../../model/ids.ts";
import type { Place } from "../../../model/place.ts";
import type { NewTask, TaskPolicy } from "../../../model/task.ts";
import { readMaybe, writeMaybe } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

type Placed = Pick<NewTask, "place" | "next">;

/** Writes where a task is in a canvas, if its policy says that it is in one. */
export function writePlaced(to: PacketWriter, { member }: TaskPolicy, { place, next }: Placed): void {
  if (member === undefined) return;
  writeMaybe(to, place, writePlace);
  to.optionalText(next);
}

export function readPlaced(from: PacketReader, { member }: TaskPolicy): Placed {
  if (member === undefined) return nowhere;
  const place = readMaybe(from, readPlace);
  const next = from.optionalText();
  return { ...(place && { place }), ...(next !== undefined && { next: partIdOf(next) }) };
}

const nowhere: Placed = {};

function writePlace(to: PacketWriter, { canvas, barrier, index, reports, step }: Place): void {
  to.word(canvas);
  to.word(barrier);
  to.number(index);
  to.flag(reports === "unsuccessful");
  to.optionalNumber(step);
}

const readPlace = (from: PacketReader): Place => ({
  canvas: canvasIdOf(from.word()),
  barrier: barrierIdOf(from.word()),
  index: from.number(),
  reports: from.flag() ? "unsuccessful" : "end",
  step: from.optionalNumber(),
});
