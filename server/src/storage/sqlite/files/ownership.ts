import { chmodSync } from "node:fs";
import { type Database, query } from "./connection.ts";

/** Marks a file as ours: "Stem" in ASCII. */
const applicationId = 0x5374656d;

/**
 * Makes sure that a file is ours or nobody's, and that only the server's user reads it: tasks may hold secrets. Throws for a file of
 * another program, which stays as it was. SQLite gives its side files the same rights.
 */
export function takeFile(db: Database, path: string): void {
  const [tables] = query<[number]>(db, "SELECT count(*) FROM sqlite_schema").get() ?? [0];
  const [owner] = query<[number]>(db, "PRAGMA application_id").get() ?? [0];
  const isNobodys = owner === 0 && tables === 0;
  if (owner !== applicationId && !isNobodys) throw new Error("it is a database of another program");
  chmodSync(path, 0o600);
}

/** Writes into a file that it is ours. */
export function markFile(db: Database): void {
  db.exec(`PRAGMA application_id = ${applicationId}`);
}
