import type { Durability } from "../../ports/store.ts";
import { type Session, statement } from "./session.ts";

const select = statement<
  [version: number, isStandby: boolean, fsync: string, fullPageWrites: string, encoding: string]
>(`
  SELECT current_setting('server_version_num')::int4, pg_is_in_recovery(), current_setting('fsync'),
    current_setting('full_page_writes'), current_setting('server_encoding')`);

/** Transactions have numbers that do not come again since this version. */
const versionMin = 130_000;

/** Throws where a database cannot keep what is promised. */
export async function checkDatabase(db: Session, durability: Exclude<Durability, "none">): Promise<void> {
  const [row] = await db.rows(select);
  if (row === undefined) throw new Error("it says nothing of itself");
  const [version, isStandby, fsync, fullPageWrites, encoding] = row;
  if (version < versionMin)
    throw new Error(`Postgres 13 or newer is needed, and it is ${Math.floor(version / 10_000)}`);
  if (isStandby) throw new Error("it is a standby, which takes no writes; name the primary");
  if (encoding !== "UTF8") throw new Error(`its encoding must be UTF8, and is ${encoding}`);
  if (durability !== "disk") return;
  const off = Object.entries({ fsync, full_page_writes: fullPageWrites }).find(([, value]) => value !== "on");
  if (off !== undefined)
    throw new Error(
      `${off[0]} is off, so a power failure may lose or spoil it; turn it on, or ask for durability relaxed`,
    );
}
