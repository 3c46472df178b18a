import { endedBefore, opened } from "../../model/barrier-state.ts";
import type { NewCanvas } from "../../model/canvas.ts";
import { rememberedAs } from "../../model/canvas-records.ts";
import { type CanvasId, type Instant, type Namespace, rootOf } from "../../model/ids.ts";
import type { SubmitVerdict } from "../../ports/canvas-store.ts";
import { factsOfText } from "../sql/barrier-text.ts";
import { int4s, texts } from "./arrays.ts";
import { findHashes, placeOf } from "./find-hashes.ts";
import { statement } from "./session.ts";
import { type Starting, startNow } from "./start-now.ts";
import type { Work } from "./work.ts";

/** Stores a canvas with what starts at once, or nothing of it. */
export async function submitCanvas(work: Work, canvas: NewCanvas, now: Instant): Promise<SubmitVerdict> {
  const { namespace, facts } = canvas;
  const [known] = await verdictsOfKnown(work, [canvas]);
  if (known !== undefined) return known;
  if (facts.retryOf !== undefined && !(await hold(work, namespace, facts.retryOf))) return "gone";
  return (await startNow(work, [startingOf(canvas, now)], now)) ?? "accepted";
}

/**
 * Stores canvases as if each came by itself, one after the other: together, as long as nothing is in the way of any of them; else each
 * half of them by itself.
 */
export async function submitCanvases(
  work: Work,
  canvases: readonly NewCanvas[],
  now: Instant,
): Promise<readonly SubmitVerdict[]> {
  const [first] = canvases;
  if (first === undefined) return [];
  if (canvases.length === 1) return [await submitCanvas(work, first, now)];
  const together = await submitTogether(work, canvases, now);
  if (together !== undefined) return together;
  const half = canvases.length >> 1;
  const before = await submitCanvases(work, canvases.slice(0, half), now);
  return [...before, ...(await submitCanvases(work, canvases.slice(half), now))];
}

/** Undefined, and nothing was stored: one of them has to be looked at by itself. */
async function submitTogether(
  work: Work,
  canvases: readonly NewCanvas[],
  now: Instant,
): Promise<readonly SubmitVerdict[] | undefined> {
  const ids = new Set(canvases.map(({ namespace, id }) => `${namespace} ${id}`));
  if (ids.size < canvases.length || canvases.some(({ facts }) => facts.retryOf !== undefined))
    return undefined;
  const known = await verdictsOfKnown(work, canvases);
  const starting = canvases.flatMap((canvas, at) => (known[at] ? [] : [startingOf(canvas, now)]));
  const refused = await startNow(work, starting, now);
  return refused === undefined ? known.map((verdict) => verdict ?? "accepted") : undefined;
}

function startingOf(canvas: NewCanvas, now: Instant): Starting {
  const { namespace, id, facts, lineage, root, start, parts, ended: members } = canvas;
  const within = { namespace, lineage, canvas: id, ended: endedBefore(members) };
  return { within, above: opened(root, { ...within, now, facts }), start, parts, members };
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

const selectFacts = statement<[at: number, facts: string]>(`
  SELECT u.at, b.facts FROM unnest($1::int4[], $2::text[]) WITH ORDINALITY AS u(namespace, id, at)
    JOIN barriers b ON b.namespace = u.namespace AND b.id = u.id WHERE b.facts IS NOT NULL`);
const unread = { purgeAt: undefined, description: new Uint8Array() };

/** What canvases get whose ids are known; undefined where they are not. */
async function verdictsOfKnown(
  work: Work,
  canvases: readonly NewCanvas[],
): Promise<readonly ("duplicate" | "exists" | undefined)[]> {
  const { db, queues } = work;
  for (const { namespace } of canvases) await queues.makeNamespace(db, namespace);
  const gone = canvases.map(({ namespace, id }) => ({ namespace, id: rememberedAs(id) }));
  const [rows, hashes] = await Promise.all([
    db.rows(
      selectFacts,
      int4s(canvases.map(({ namespace }) => queues.namespaceId(namespace))),
      texts(canvases.map(({ id }) => rootOf(id))),
    ),
    findHashes(work, gone),
  ]);
  const kept = new Map(rows.map(([at, facts]) => [at - 1, factsOfText(facts, unread).contentHash]));
  return canvases.map(({ facts: { contentHash } }, at) => {
    const hash = kept.get(at) ?? (gone[at] && hashes.get(placeOf(gone[at])));
    return hash === undefined ? undefined : hash === contentHash ? "duplicate" : "exists";
  });
}
