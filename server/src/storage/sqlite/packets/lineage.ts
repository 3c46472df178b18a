import { taskIdOf } from "../../../model/ids.ts";
import type { Lineage } from "../../../model/task.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** Writes where a task comes from, or that it comes from nobody. */
export function writeLineage(to: PacketWriter, lineage: Lineage | undefined): void {
  to.optionalText(lineage?.rootId);
  if (lineage !== undefined) to.optionalText(lineage.parentId);
}

export function readLineage(from: PacketReader): Lineage | undefined {
  const rootId = from.optionalText();
  if (rootId === undefined) return undefined;
  const parentId = from.optionalText();
  return { rootId: taskIdOf(rootId), parentId: parentId === undefined ? undefined : taskIdOf(parentId) };
}
