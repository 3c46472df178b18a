import { createHash } from "node:crypto";
import type { Instant } from "../../model/ids.ts";
import type { Migration } from "./migrations/migration.ts";
import { createSession, type Session, statement } from "./session.ts";

type Client = Parameters<typeof createSession>[0] & { query(text: string): Promise<unknown> };

const lock = statement("SELECT pg_advisory_xact_lock($1, $2)");
const hasSchema = statement<[boolean]>("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)");
const selectDone = statement<[checksum: string]>("SELECT checksum FROM migrations ORDER BY number");
const insertDone = statement("INSERT INTO migrations VALUES ($1, $2, $3, $4)");

/** What a schema is brought to, and under which lock. */
export type Migrating = {
  readonly schema: string;
  readonly steps: readonly Migration[];
  readonly lock: readonly [lockClass: number, number: number];
  readonly now: Instant;
};

/** Brings a schema to the newest layout, in one transaction. Refuses one that is newer, or has another history. */
export async function migrate(client: Client, { schema, steps, lock: key, now }: Migrating): Promise<void> {
  const db = createSession(client);
  await client.query("BEGIN");
  try {
    await db.rows(lock, ...key);
    await beginHistory(client, db, schema);
    const done = (await db.rows(selectDone)).map(([sum]) => sum);
    if (done.length > steps.length)
      throw new Error("its layout is newer than this version of Stem; use the version that wrote it");
    for (const [at, step] of steps.entries()) {
      const before = done[at];
      if (before === undefined) {
        await client.query(step.sql);
        await db.run(insertDone, step.number, step.name, checksum(step), now);
      } else if (before !== checksum(step)) {
        throw new Error(
          `its step ${step.number} (${step.name}) is not the one that this version of Stem has`,
        );
      }
    }
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** Making a schema asks for a right that is not needed where there is one. */
async function beginHistory(client: Client, db: Session, schema: string): Promise<void> {
  const [found] = await db.rows(hasSchema, schema);
  if (!found?.[0]) await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(`
    CREATE TABLE IF NOT EXISTS migrations (
      number integer PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at bigint NOT NULL
    )`);
}

const checksum = (step: Migration): string => createHash("sha256").update(step.sql).digest("hex");
