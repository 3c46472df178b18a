import { contentHashOf } from "../../model/content-hash.ts";
import { namespaceOf, type TaskRef } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { storedHash } from "../sql/stored-hash.ts";
import { int4s, texts } from "./arrays.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

const select = statement<[namespace: string, id: string, hash: string, content: Uint8Array]>(`
  SELECT n.name, c.id, c.hash, c.content FROM unnest($1::int4[], $2::text[]) AS asked(namespace, id)
    JOIN contents c ON c.namespace = asked.namespace AND c.id = asked.id JOIN namespaces n ON n.id = c.namespace`);

/** Hashes of tasks' contents, of removed ones' too, by placeOf. */
export type Hashes = ReadonlyMap<string, string>;

/** Names a task within the store, as a text. */
export const placeOf = ({ namespace, id }: TaskRef): string => `${namespace} ${id}`;

/** Looks up what is known under these ids. */
export async function findHashes({ db, queues }: Work, refs: readonly TaskRef[]): Promise<Hashes> {
  if (refs.length === 0) return new Map();
  await queues.loadNamespaces(
    db,
    refs.map(({ namespace }) => namespace),
  );
  const asked = refs.flatMap(({ namespace, id }) => {
    const space = queues.namespaceId(namespace);
    return space === undefined ? [] : [[space, id] as const];
  });
  if (asked.length === 0) return new Map();
  const columns = [int4s(asked.map(([space]) => space)), texts(asked.map(([, id]) => id))];
  const rows = await db.rows(select, ...columns);
  return new Map(
    rows.map(([namespace, id, hash, content]) => [
      `${namespace} ${id}`,
      storedHash(namespaceOf(namespace), hash, content),
    ]),
  );
}

/** What a task gets whose id is known; undefined where it is not. */
export function knownAs(hashes: Hashes, task: NewTask): "duplicate" | "exists" | undefined {
  const hash = hashes.get(placeOf(task));
  if (hash === undefined) return undefined;
  return hash === contentHashOf(task) ? "duplicate" : "exists";
}
