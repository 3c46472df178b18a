import type { Instant } from "../../model/ids.ts";
import type { Durability } from "../../ports/store.ts";
import type { Address } from "./address.ts";
import { checkDatabase } from "./checks.ts";
import { connect } from "./connect.ts";
import { lockClassOf, regimeLock } from "./locks-of-store.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations/migrations.ts";
import { createSession } from "./session.ts";

/** Checks that a database can keep what is promised, and brings the schema to the newest layout. Throws, saying why, where it cannot. */
export async function prepare(
  address: Address,
  { now, durability }: { readonly now: Instant; readonly durability: Exclude<Durability, "none"> },
): Promise<void> {
  const { schema } = address;
  const client = await connect(address);
  try {
    await checkDatabase(createSession(client), durability);
    const lock = [lockClassOf(schema), regimeLock] as const;
    await migrate(client, { schema, steps: migrations, lock, now });
  } finally {
    await client.end();
  }
}
