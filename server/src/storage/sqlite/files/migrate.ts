import { createHash } from "node:crypto";
import type { Instant } from "../../../model/ids.ts";
import type { Migration } from "../migrations/migration.ts";
import { command, type Database, query } from "./connection.ts";
import { markFile } from "./ownership.ts";

/** Brings a file of ours to the newest layout, in one transaction. Refuses one that is newer, or has another history. */
export function migrate(db: Database, steps: readonly Migration[], now: Instant): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    beginHistory(db);
    const done = stepsDone(db);
    if (done.length > steps.length) {
      throw new Error("its layout is newer than this version of Stem; use the version that wrote it");
    }
    steps.forEach((step, i) => {
      const before = done[i];
      if (before === undefined) take(db, step, now);
      else if (before !== checksum(step)) {
        throw new Error(
          `its step ${step.number} (${step.name}) is not the one that this version of Stem has`,
        );
      }
    });
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function beginHistory(db: Database): void {
  markFile(db);
  db.exec(`
    CREATE TABLE IF NOT EXISTS migrations (
      number INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      checksum TEXT NOT NULL,
      applied_at INTEGER NOT NULL
    ) STRICT;
  `);
}

/** The checksums of the steps that the file has, in order. */
const stepsDone = (db: Database): string[] =>
  query<[string]>(db, "SELECT checksum FROM migrations ORDER BY number")
    .all()
    .map(([sum]) => sum);

function take(db: Database, step: Migration, now: Instant): void {
  db.exec(step.sql);
  command(db, "INSERT INTO migrations VALUES (?, ?, ?, ?)")(step.number, step.name, checksum(step), now);
}

const checksum = (step: Migration): string => createHash("sha256").update(step.sql).digest("hex");
