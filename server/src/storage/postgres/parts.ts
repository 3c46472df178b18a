import type { Part } from "../../model/canvas.ts";
import type { CanvasId, Namespace, PartId } from "../../model/ids.ts";
import { partOfText, textOfPart } from "../sql/barrier-text.ts";
import { int4s, texts } from "./arrays.ts";
import { numberOf } from "./number-of.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

/** A part on its way into a canvas. */
export type NewPart = { readonly namespace: Namespace; readonly canvas: CanvasId; readonly part: Part };

/** Names a part within the store. */
export type PartRef = { readonly namespace: Namespace; readonly canvas: CanvasId; readonly id: PartId };

// What has the id of a part that is there is that part: ids follow from where it stands.
const insert = statement(`
  INSERT INTO parts (namespace, canvas, id, part) SELECT * FROM unnest($1::int4[], $2::text[], $3::text[], $4::text[])
  ON CONFLICT (namespace, canvas, id) DO NOTHING`);
const select = statement<[at: number, part: string]>(`
  SELECT u.at, p.part FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS u(namespace, canvas, id, at)
    JOIN parts p ON p.namespace = ${numberOf("u.namespace")} AND p.canvas = u.canvas AND p.id = u.id`);

/** Keeps what starts later. */
export async function putParts({ db, queues }: Work, parts: readonly NewPart[]): Promise<void> {
  if (parts.length === 0) return;
  await db.run(
    insert,
    int4s(parts.map(({ namespace }) => queues.namespaceId(namespace))),
    texts(parts.map(({ canvas }) => canvas)),
    texts(parts.map(({ part }) => part.id)),
    texts(parts.map(({ part }) => textOfPart(part))),
  );
}

/** Reads parts, in the order asked; undefined where there is none. */
export async function readParts(
  db: Session,
  refs: readonly PartRef[],
): Promise<readonly (Part | undefined)[]> {
  if (refs.length === 0) return [];
  const rows = await db.rows(
    select,
    texts(refs.map(({ namespace }) => namespace)),
    texts(refs.map(({ canvas }) => canvas)),
    texts(refs.map(({ id }) => id)),
  );
  const found = new Map(rows);
  return refs.map((_, at) => {
    const text = found.get(at + 1);
    return text === undefined ? undefined : partOfText(text);
  });
}
