import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** A private folder with the files of a Postgres, and who may run it. */
export type PostgresFiles = { readonly home: string; readonly data: string; readonly owner: Owner };

/** Postgres does not run as root: the user that its package brings does. Empty: whoever we are. */
export type Owner = { readonly uid?: number; readonly gid?: number };

const startMsMax = 20_000;

/** Makes the files of a Postgres with one user, `stem`, whom it trusts. `programs` is the folder of its programs. */
export function createPostgresFiles(programs: string): PostgresFiles {
  // Short, because the path of a socket may not be long.
  const home = mkdtempSync(path.join(tmpdir(), "stem-pg-"));
  const owner = ownerOf();
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(home, owner.uid, owner.gid);
  const data = path.join(home, "data");
  const args = ["-D", data, "-U", "stem", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];
  const made = spawnSync(path.join(programs, "initdb"), args, { ...owner, cwd: home, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  return { home, data, owner };
}

/** Runs it with settings such as `fsync=off`; its socket is in its folder. */
export function runPostgres(
  programs: string,
  { home, data, owner }: PostgresFiles,
  settings: readonly string[],
): ChildProcess {
  const args = ["-D", data, "-k", home, ...settings.flatMap((each) => ["-c", each])];
  return spawn(path.join(programs, "postgres"), args, { ...owner, cwd: home, stdio: "ignore" });
}

/** Resolves when it takes connections. */
export async function untilPostgresAnswers(connection: string | pg.ClientConfig): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 20) {
    try {
      return await withClient(connection, async () => undefined);
    } catch (error) {
      if (waitedMs >= startMsMax) throw error;
      await sleep(20);
    }
  }
}

/** Gives `use` a connection, and ends it. */
export async function withClient<Result>(
  connection: string | pg.ClientConfig,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(connection);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function ownerOf(): Owner {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}
