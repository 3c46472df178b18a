import type { Instant } from "../../model/ids.ts";
import type { ScheduleProgress } from "../../model/schedule-record.ts";
import { type NotMade, recordsAsTheyCame } from "../../model/slot-outcome.ts";
import type { FireVerdict, ScheduleFire } from "../../ports/schedule-store.ts";
import { textOfProgress } from "../sql/schedule-text.ts";
import { int4s, int8s, texts } from "./arrays.ts";
import { dropSchedules } from "./drop-schedules.ts";
import { isFiring } from "./hold-schedules.ts";
import type { Verb } from "./lane.ts";
import { type Locked, lockSchedules, scheduleKey } from "./lock-schedules.ts";
import { type Session, statement } from "./session.ts";
import { keepRecords } from "./slot-records.ts";
import { startSlots } from "./start-slots.ts";
import type { Work } from "./work.ts";

/** A decision to apply, and when. */
export type Firing = { readonly fire: ScheduleFire; readonly now: Instant };

/** One that is applied, to a schedule that is locked. */
type Admitted = Firing & { readonly locked: Locked };

/**
 * Applies decisions whose guards hold. Schedules are locked before they are looked at: of servers that fire the same one, all but the first
 * wait for its commit, and find another round then.
 */
export const fireSchedules: Verb<Firing, FireVerdict> = {
  isDurable: true,
  async run(work, firings) {
    const found = await lockSchedules(
      work,
      firings.map(({ fire }) => fire.ref),
    );
    const admitted = firings.map((firing) => admit(work, found, firing));
    const fired = admitted.flatMap((each) => each ?? []);
    const notMade = await startSlots(work, fired);
    await write(work, fired, notMade);
    return admitted.map((each) =>
      each === undefined ? { kind: "conflict" } : { kind: "fired", notMade: notMade.get(each) ?? [] },
    );
  },
};

/** Whether the guard of a decision holds, after those before it. */
function admit(work: Work, found: Map<string, Locked>, { fire, now }: Firing): Admitted | undefined {
  const { ref, revision, round, after } = fire;
  const key = scheduleKey(ref);
  const locked = found.get(key);
  const isIt = locked?.revision === revision && locked.round === round;
  if (locked === undefined || !isIt || !isFiring(work, ref)) return undefined;
  if (after === "removed") found.delete(key);
  else found.set(key, { ...locked, round: after.round });
  return { fire, now, locked };
}

/** Writes what became of slots, and how far their schedules have come. */
async function write(
  work: Work,
  fired: readonly Admitted[],
  notMade: ReadonlyMap<Admitted, readonly NotMade[]>,
): Promise<void> {
  const removed = fired.filter(({ fire }) => fire.after === "removed");
  const gone = new Set(removed.map(({ locked }) => locked.number));
  const kept = fired.flatMap((each) => {
    const { locked, fire } = each;
    if (fire.after === "removed" || gone.has(locked.number)) return [];
    return {
      ...{ locked, after: fire.after },
      records: recordsAsTheyCame(fire.records, notMade.get(each) ?? []),
    };
  });
  await keepRecords(
    work,
    kept.map(({ locked: { number }, records, after }) => ({ number, records, after })),
  );
  await advance(work.db, kept);
  await dropSchedules(
    work.db,
    removed.map(({ locked }) => locked),
  );
}

const update = statement(`
  UPDATE schedules s SET round = u.round, look_at = u.look_at, records = u.records, progress = u.progress
  FROM unnest($1::int4[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::text[])
    AS u(namespace, id, round, look_at, records, progress)
  WHERE s.namespace = u.namespace AND s.id = u.id`);

type Advance = { readonly locked: Locked; readonly after: ScheduleProgress };

async function advance(db: Session, advances: readonly Advance[]): Promise<void> {
  // Of several decisions about one the last says how far it has come.
  const last = [...new Map(advances.map((each) => [each.locked.number, each])).values()];
  if (last.length === 0) return;
  await db.run(
    update,
    int4s(last.map(({ locked }) => locked.space)),
    texts(last.map(({ locked }) => locked.ref.id)),
    int8s(last.map(({ after }) => after.round)),
    int8s(last.map(({ after }) => after.lookAt)),
    int8s(last.map(({ after }) => after.records)),
    texts(last.map(({ after }) => textOfProgress(after))),
  );
}
