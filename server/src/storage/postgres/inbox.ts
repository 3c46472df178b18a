import type { InboxOutcome, InboxTask } from "../../ports/inbox.ts";
import { int8s, texts } from "./arrays.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

const take = statement<[place: number, namespace: string, text: string]>(`
  WITH first AS (
    SELECT place FROM inbox WHERE take_at IS NOT NULL AND take_at <= clock_timestamp()
    ORDER BY take_at, place LIMIT $1 FOR UPDATE SKIP LOCKED),
  taken AS (
    UPDATE inbox i SET take_at = clock_timestamp() + interval '30 seconds' FROM first f WHERE i.place = f.place
    RETURNING i.place, i.namespace, i.task::text)
  SELECT * FROM taken ORDER BY place`);
const drop = statement("DELETE FROM inbox WHERE place = ANY ($1::int8[])");
const refuse = statement(`
  UPDATE inbox i SET refusal = u.why, take_at = CASE u.kind WHEN 'refused' THEN clock_timestamp() + interval '10 seconds' END
  FROM unnest($1::int8[], $2::text[], $3::text[]) AS u(place, kind, why) WHERE i.place = u.place`);
const forget = statement(
  "DELETE FROM inbox WHERE take_at IS NULL AND put_at < clock_timestamp() - interval '7 days'",
);

/** Takes the first tasks of the inbox. */
export const takeInbox = async ({ db }: Work, limit: number): Promise<readonly InboxTask[]> =>
  (await db.rows(take, limit)).map(([place, namespace, text]) => ({ place, namespace, text }));

/** Says what became of tasks of the inbox. */
export async function settleInbox({ db }: Work, outcomes: readonly InboxOutcome[]): Promise<void> {
  const came = outcomes.filter(({ kind }) => kind === "came");
  const refused = outcomes.filter(({ kind }) => kind !== "came");
  if (came.length > 0) await db.run(drop, int8s(came.map(({ place }) => place)));
  if (refused.length === 0) return;
  const columns = [texts(refused.map(({ kind }) => kind)), texts(refused.map(({ why }) => why))];
  await db.run(refuse, int8s(refused.map(({ place }) => place)), ...columns);
  await db.run(forget);
}
