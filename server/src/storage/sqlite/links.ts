import type { NewTask, Task, TaskInput, TaskPolicy } from "../../model/task.ts";
import { inputOf, isLinked, linksOfText, textOfInput, textOfLinks } from "../sql/links-text.ts";
import { command, type Database, query } from "./files/connection.ts";

/** What tasks say of those that their ends make, and what these are handed, by the numbers of their tasks. */
export type Links = {
  /** Keeps what a task says and is handed, in place of what it has; counts what it is handed as part of what its claim takes. */
  put(seq: number, task: Pick<NewTask, "links" | "input">): void;
  /** Nothing is looked up for a task whose policy does not say that there is something. */
  inputOf(seq: number, policy: TaskPolicy): TaskInput | undefined;
  /** Forgets those of a list of numbers, as JSON. */
  drop(seqs: string): void;
};

type InputRow = [head: string, data: Uint8Array | null];

const selectInput = "SELECT head, data FROM inputs WHERE seq = ?";

/** Opens the tables. Most stores never have a row in them, and then they cost nothing. */
export function createLinks(db: Database): Links {
  const putLinks = command(
    db,
    "INSERT INTO links (seq, links) VALUES (?1, ?2) ON CONFLICT (seq) DO UPDATE SET links = ?2",
  );
  const putInput = command(
    db,
    "INSERT INTO inputs (seq, head, data) VALUES (?1, ?2, ?3) ON CONFLICT (seq) DO UPDATE SET head = ?2, data = ?3",
  );
  // A tied task's size is beside its place, too.
  const weighs = ["tasks", "ties"].map((table) =>
    command(db, `UPDATE ${table} SET content_bytes = content_bytes + ? WHERE seq = ?`),
  );
  const input = query<InputRow>(db, selectInput);
  const drops = ["links", "inputs"].map((table) =>
    command(db, `DELETE FROM ${table} WHERE seq IN (SELECT value FROM json_each(?))`),
  );
  let isUsed =
    query<[number]>(db, "SELECT EXISTS (SELECT 1 FROM links) OR EXISTS (SELECT 1 FROM inputs)").get()?.[0] ===
    1;

  return {
    put(seq, task) {
      isUsed = true;
      if (task.links !== undefined) putLinks(seq, textOfLinks(task.links));
      if (task.input === undefined) return;
      const { data } = task.input;
      putInput(seq, textOfInput(task.input), data ?? null);
      if (data !== undefined) for (const weigh of weighs) weigh(data.length, seq);
    },
    inputOf: (seq, { takesInput }) => (takesInput ? readInput(input.get(seq)) : undefined),
    drop(seqs) {
      if (isUsed) for (const drop of drops) drop(seqs);
    },
  };
}

const readInput = (row: InputRow | undefined): TaskInput | undefined =>
  row && inputOf(row[0], row[1] ?? undefined);

/** Makes a way to give tasks their links and what they are handed; those without are left as they are, and cost nothing. */
export function createAddLinks(db: Database): (seq: number, task: Task) => Task {
  const links = query<[string]>(db, "SELECT links FROM links WHERE seq = ?");
  const input = query<InputRow>(db, selectInput);
  return (seq, task) => {
    if (!isLinked(task.policy)) return task;
    const text = task.policy.links && links.get(seq)?.[0];
    return {
      ...task,
      ...(text !== undefined && { links: linksOfText(text) }),
      ...(task.policy.takesInput && { input: readInput(input.get(seq)) }),
    };
  };
}
