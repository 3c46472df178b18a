import { endedBefore, opened } from "../../model/barrier-state.ts";
import type { NewCanvas } from "../../model/canvas.ts";
import { rememberedAs } from "../../model/canvas-records.ts";
import { type CanvasId, type Instant, type Namespace, rootOf } from "../../model/ids.ts";
import type { SubmitVerdict } from "../../ports/canvas-store.ts";
import { factsOfText } from "../sql/barrier-text.ts";
import { findHashes, placeOf } from "./find-hashes.ts";
import { statement } from "./session.ts";
import { startNow } from "./start-now.ts";
import type { Work } from "./work.ts";

/** Stores a canvas with what starts at once, or nothing of it. */
export async function submitCanvas(work: Work, canvas: NewCanvas, now: Instant): Promise<SubmitVerdict> {
  const { namespace, id, facts, lineage, root, start, parts, ended: members } = canvas;
  const known = await knownHash(work, canvas);
  if (known !== undefined) return known === facts.contentHash ? "duplicate" : "exists";
  if (facts.retryOf !== undefined && !(await hold(work, namespace, facts.retryOf))) return "gone";
  const within = { namespace, lineage, canvas: id, now, ended: endedBefore(members) };
  const above = opened(root, { ...within, facts });
  return (await startNow(work, { start, parts, members }, within, above)) ?? "accepted";
}

// Nobody removes it meanwhile, and several may retry it at once.
const lockCanvas = statement<[place: number]>(
  "SELECT place FROM barriers WHERE namespace = $1 AND id = $2 AND facts IS NOT NULL FOR KEY SHARE",
);

/** Has a canvas stay until there is one that holds it. False: it is not there. */
async function hold({ db, queues }: Work, namespace: Namespace, canvas: CanvasId): Promise<boolean> {
  const rows = await db.rows(lockCanvas, await queues.makeNamespace(db, namespace), rootOf(canvas));
  return rows.length > 0;
}

const selectFacts = statement<[facts: string]>(
  "SELECT facts FROM barriers WHERE namespace = $1 AND id = $2 AND facts IS NOT NULL",
);
const unread = { purgeAt: undefined, description: new Uint8Array() };

/** What is kept, or remembered, under the id of a canvas. */
async function knownHash(
  work: Work,
  { namespace, id }: Pick<NewCanvas, "namespace" | "id">,
): Promise<string | undefined> {
  const { db, queues } = work;
  const space = await queues.makeNamespace(db, namespace);
  const gone = { namespace, id: rememberedAs(id) };
  const [[row], hashes] = await Promise.all([
    db.rows(selectFacts, space, rootOf(id)),
    findHashes(work, [gone]),
  ]);
  return row === undefined ? hashes.get(placeOf(gone)) : factsOfText(row[0], unread).contentHash;
}
