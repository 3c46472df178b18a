import type { Bytes } from "../../model/ids.ts";
import type { NewTask, Task, TaskInput, TaskPolicy } from "../../model/task.ts";
import { inputOf, isLinked, linksOfText, textOfInput, textOfLinks } from "../sql/links-text.ts";
import { byteas, int8s, texts } from "./arrays.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

/** A task that was stored; its number is known where it is linked. */
export type Linked = { readonly seq: number | undefined; readonly task: Pick<NewTask, "links" | "input"> };

const insertLinks = statement(`
  INSERT INTO links (seq, links) SELECT * FROM unnest($1::int8[], $2::text[])
  ON CONFLICT (seq) DO UPDATE SET links = excluded.links`);
const insertInputs = statement(`
  INSERT INTO inputs (seq, head, data) SELECT * FROM unnest($1::int8[], $2::text[], $3::bytea[])
  ON CONFLICT (seq) DO UPDATE SET head = excluded.head, data = excluded.data`);
const drop = ["links", "inputs"].map((table) => statement(`DELETE FROM ${table} WHERE seq = $1`));

/** Keeps what tasks say of those that their ends make, and what they are handed. */
export async function putLinks({ db }: Pick<Work, "db">, stored: readonly Linked[]): Promise<void> {
  const linked = stored.filter(({ task }) => task.links !== undefined);
  const handed = stored.flatMap(({ seq, task: { input } }) => (input === undefined ? [] : [{ seq, input }]));
  const sent: Promise<unknown>[] = [];
  if (linked.length > 0) {
    const own = linked.map(({ task }) => textOfLinks(task.links ?? []));
    sent.push(db.run(insertLinks, int8s(linked.map(({ seq }) => seq)), texts(own)));
  }
  if (handed.length > 0)
    sent.push(
      db.run(
        insertInputs,
        int8s(handed.map(({ seq }) => seq)),
        texts(handed.map(({ input }) => textOfInput(input))),
        byteas(handed.map(({ input }) => input.data)),
      ),
    );
  await Promise.all(sent);
}

/** Keeps what a task says now in place of what it said. */
export async function replaceLinks(work: Work, linked: Linked & { readonly seq: number }): Promise<void> {
  await Promise.all(drop.map((each) => work.db.run(each, linked.seq)));
  await putLinks(work, [linked]);
}

const selectInputs = statement<[seq: number, head: string, data: Bytes | null]>(
  "SELECT seq, head, data FROM inputs WHERE seq = ANY ($1::int8[])",
);
const selectLinks = statement<[seq: number, links: string]>(
  "SELECT seq, links FROM links WHERE seq = ANY ($1::int8[])",
);

type Known = { readonly seq: number; readonly policy: TaskPolicy };

/** What tasks are handed, by their numbers. Nothing is looked up where no policy says that there is something. */
export async function inputsOf(
  db: Session,
  tasks: readonly Known[],
): Promise<ReadonlyMap<number, TaskInput>> {
  const handed = tasks.filter(({ policy }) => policy.takesInput).map(({ seq }) => seq);
  if (handed.length === 0) return new Map();
  const rows = await db.rows(selectInputs, int8s(handed));
  return new Map(rows.map(([seq, head, data]) => [seq, inputOf(head, data ?? undefined)]));
}

/** Gives tasks, each with its number, their links and what they are handed. Those without cost nothing. */
export async function withLinks(
  db: Session,
  tasks: readonly { readonly seq: number; readonly task: Task }[],
): Promise<readonly Task[]> {
  const linked = tasks.filter(({ task }) => isLinked(task.policy));
  if (linked.length === 0) return tasks.map(({ task }) => task);
  const [inputs, rows] = await Promise.all([
    inputsOf(
      db,
      linked.map(({ seq, task }) => ({ seq, policy: task.policy })),
    ),
    db.rows(selectLinks, int8s(linked.map(({ seq }) => seq))),
  ]);
  const links = new Map(rows);
  return tasks.map(({ seq, task }) => {
    const text = task.policy.links && links.get(seq);
    return {
      ...task,
      ...(text !== undefined && { links: linksOfText(text) }),
      ...(task.policy.takesInput && { input: inputs.get(seq) }),
    };
  });
}
