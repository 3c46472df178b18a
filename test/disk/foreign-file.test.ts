import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { runServerCommand } from "../support/server-process.ts";
import { freshStorePath, startStoreServer, storeFlags } from "./store-server.ts";

/** Servers are started one after the other, each a process of its own. */
const severalStarts = { timeout: 60_000 };

/** A file that SQLite made, with rights that others may rely on. */
async function foreignFile(sql: string): Promise<string> {
  const file = await freshStorePath();
  change(file, sql);
  await chmod(file, 0o644);
  return file;
}

function change(file: string, sql: string): void {
  using db = new DatabaseSync(file);
  db.exec(sql);
}

async function expectRefused(file: string, why: string): Promise<void> {
  const { code, said } = await runServerCommand(["--port", "0", ...storeFlags(file)]);
  expect(code).toBe(3);
  expect(said).toContain(`the store ${file} cannot be opened: ${why}`);
}

const lookOf = async (file: string) => ({ bytes: await readFile(file), mode: (await stat(file)).mode });

test.each([
  ["has tables of its own", "CREATE TABLE bookmarks (url TEXT)"],
  ["has no tables yet but a mark", "PRAGMA application_id = 0x0f055111; PRAGMA user_version = 1"],
])("a database of another program, which %s, is refused, and left as it was", async (_, sql) => {
  const file = await foreignFile(sql);
  const before = await lookOf(file);
  await expectRefused(file, "it is a database of another program");
  expect(await lookOf(file)).toEqual(before);
});

test("a file that is no database is refused, and left as it was", async () => {
  const file = await freshStorePath();
  await writeFile(file, "a letter, and no database at all".repeat(100), { mode: 0o644 });
  const before = await lookOf(file);
  await expectRefused(file, "file is not a database");
  expect(await lookOf(file)).toEqual(before);
});

test(
  "a store whose layout is newer is refused, and taken again once the newer step is gone",
  severalStarts,
  async () => {
    const file = await freshStorePath();
    const first = await startStoreServer(file);
    await first.enqueue("before");
    await first.end("SIGTERM");

    change(file, "INSERT INTO migrations VALUES (1000, 'from-tomorrow', 'sum', 0)");
    await expectRefused(file, "its layout is newer than this version of Stem; use the version that wrote it");

    change(file, "DELETE FROM migrations WHERE number = 1000");
    const { tasks } = await startStoreServer(file);
    expect((await tasks.getTask({ taskId: "before" })).task?.id).toBe("before");
  },
);

test("a store whose layout has another history is refused", severalStarts, async () => {
  const file = await freshStorePath();
  await (await startStoreServer(file)).end("SIGTERM");
  change(file, "UPDATE migrations SET checksum = 'another' WHERE number = 1");
  await expectRefused(file, "its step 1 (initial) is not the one that this version of Stem has");
});
