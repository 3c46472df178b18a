import type { Barrier, Part } from "../../../model/canvas.ts";
import { growthAt } from "../../../model/growth.ts";
import type { PartId } from "../../../model/ids.ts";
import { partOfText, textOfPart } from "../../sql/barrier-text.ts";
import { command, type Database, query } from "../files/connection.ts";

/** A part as it is kept: nobody has to know what is in it before it starts. */
export type PartText = { readonly id: PartId; readonly text: string };

/** What starts later, by the numbers of canvases. */
export type Parts = {
  keep(canvas: number, parts: readonly PartText[]): void;
  at(canvas: number, id: PartId): Part | undefined;
};

/** Opens the table. */
export function createParts(db: Database): Parts {
  const insert = command(
    db,
    "INSERT INTO parts (canvas, id, part) VALUES (?1, ?2, ?3) ON CONFLICT (canvas, id) DO UPDATE SET part = ?3",
  );
  const select = query<[text: string]>(db, "SELECT part FROM parts WHERE canvas = ? AND id = ?");
  return {
    keep(canvas, parts) {
      for (const { id, text } of parts) insert(canvas, id, text);
    },
    at(canvas, id) {
      const row = select.get(canvas, id);
      return row && partOfText(row[0]);
    },
  };
}

/** A part as its text. */
export const partText = (part: Part): PartText => ({ id: part.id, text: textOfPart(part) });

/** A part of what is added to a barrier, with the places of further members counted from those that are there. */
export const partTextAt = (part: PartText, barrier: Barrier): PartText =>
  barrier.size === 0 ? part : partText(growthAt(partOfText(part.text), barrier));
