import type { Instant } from "../../model/ids.ts";
import type { LeaseTerms } from "../options.ts";
import { stateCode } from "../sql/codes.ts";
import { serversMax, slotsMax } from "./locks-of-store.ts";
import { type Session, statement } from "./session.ts";

/** What a connection that writes has of the store, for as long as it lives. */
export type Tenure = {
  /** The least first part of its fences: higher than those of all connections before it. */
  readonly epoch: number;
  /** Its own rows among the counts of queues. */
  readonly slot: number;
};

// A store that lost its newest commits raises the epoch past all that it ever gave, because it counts milliseconds where those are more.
// The log goes on behind its last row, also where the database was moved, and numbers its transactions anew.
const raiseEpoch = statement<[epoch: number]>(`
  UPDATE store SET epoch = greatest(epoch + 1, $1::int8),
    event_base = greatest(event_base, greatest(dropped_row, (SELECT max(row) FROM events), -1) + 1
      - pg_current_xact_id()::text::int8)
  RETURNING epoch`);
const raiseLockFence = statement(
  "SELECT setval('lock_fence', greatest((SELECT last_value FROM lock_fence), $1::int8 * 1000))",
);
const takeSlot = statement<[number]>(
  `SELECT slot FROM generate_series(1, ${slotsMax}) AS slot WHERE pg_try_advisory_lock($1::int4, slot) LIMIT 1`,
);
const othersAreThere = statement<[boolean]>(`
  SELECT EXISTS (SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND classid::int8 = $1 AND objid::int8 BETWEEN 1 AND ${slotsMax} AND objsubid = 2 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid())`);
const renewLeases = statement(`
  UPDATE tasks SET timer_at = greatest(timer_at, $1::int8 + coalesce(lease_ms, $2::int8))
  WHERE state = ${stateCode.leased} AND state <> ${stateCode.ready}`);

export type TakeoverOptions = {
  readonly now: Instant;
  readonly lease: LeaseTerms;
  readonly lockClass: number;
};

/**
 * Begins a tenure. Its epoch is on the disk before anything else can happen, so that no fence comes twice, whatever was lost. Where no
 * other connection writes, all servers were away, or the database was: whoever still works gets another lease's time, so that nothing
 * runs twice because of that.
 */
export async function takeOver(db: Session, { now, lease, lockClass }: TakeoverOptions): Promise<Tenure> {
  const [slot] = await db.rows(takeSlot, lockClass);
  if (slot === undefined) throw new Error(`${serversMax} servers work on it, and more may not`);
  const [raised] = await db.rows(raiseEpoch, now);
  if (raised === undefined) throw new Error("its row about itself is missing");
  await db.rows(raiseLockFence, raised[0]);
  const [others] = await db.rows(othersAreThere, lockClass);
  if (!others?.[0]) await db.run(renewLeases, now + lease.graceMs, lease.leaseMs);
  return { epoch: raised[0], slot: slot[0] };
}
