import { opensAt, scoped } from "../../model/gate.ts";
import { capacityOf, type Gatekeeper, gatesOf, stages } from "../../model/gatekeeper.ts";
import { tiersAfter } from "../../model/queue-tier.ts";
import type { ClaimRequest } from "../../ports/task-store.ts";
import { createPermits } from "../sql/permits.ts";
import { type Before, type Permits, type Picked, pickFrom } from "../sql/pick.ts";
import { layOut, type OpenQueue, openQueues, type Shelf } from "./claim-shelf.ts";
import type { View } from "./gate-picture.ts";
import type { Gates } from "./gates.ts";
import { leaseChosen } from "./lease-chosen.ts";
import type { Leased } from "./lease-rows.ts";
import { gatesLock } from "./locks-of-store.ts";
import { endOverdue } from "./overdue.ts";
import type { Tie } from "./ties.ts";
import type { Work } from "./work.ts";

/** Each round but the last finds a gate that closed meanwhile, or a task that another server took. */
const roundsMax = 10;

/** Leases what is chosen here: where queues hand out in tiers, limits are in force, or tasks are tied. */
export async function claimChosen(work: Work, want: ClaimRequest): Promise<readonly Leased[]> {
  const queues = await openQueues(work, want, gatesLock(0));
  const taken = new Set<number>();
  let leased: readonly Leased[] = [];
  for (let round = 1; round <= roundsMax; round += 1) {
    const tiers =
      want.tiers &&
      tiersAfter(
        want.tiers,
        leased.map(({ queue }) => ({ queue: queue.name })),
      );
    const wanted = { ...want, tiers };
    const picked = await choose(work, wanted, {
      queues: withLeased(queues, leased),
      taken,
      before: beforeOf(leased),
    });
    const more = await leasePicked(work, want, picked);
    leased = [...leased, ...more];
    const lost = picked.seqs.filter((seq) => !more.some((each) => each.seq === seq));
    for (const seq of lost) taken.add(seq);
    // In the place of those that went back, or were taken, others may come.
    if (leased.length >= want.limit || picked.held + lost.length === 0) break;
  }
  return leased;
}

const beforeOf = (leased: readonly Leased[]): Before => ({
  count: leased.length,
  bytes: leased.reduce((sum, { weight }) => sum + weight, 0),
});

const withLeased = (queues: readonly OpenQueue[], leased: readonly Leased[]): readonly OpenQueue[] =>
  leased.length === 0
    ? queues
    : queues.map((queue) => ({
        ...queue,
        leased: queue.leased + leased.filter((each) => each.queue.id === queue.id).length,
      }));

type Choosing = {
  readonly queues: readonly OpenQueue[];
  readonly taken: ReadonlySet<number>;
  readonly before: Before;
};

/** The best tasks that have not waited too long; those that have, and are in their way, end here. */
async function choose(
  work: Work,
  want: ClaimRequest,
  { queues, taken, before }: Choosing,
): Promise<Picked<Tie>> {
  const { db, gates } = work;
  for (;;) {
    await gates.tend(want.now);
    const shelf = await layOut(db, want, { queues, taken, ask: gates.want });
    const picked = await gates.decide((view, keeper) =>
      pickFrom(want, offerOf({ gates, shelf, view, keeper, want }, before)),
    );
    const overdue = picked.seqs.filter((seq) => shelf.itemOf(seq)?.isOverdue);
    if (overdue.length === 0) return picked;
    await endOverdue(work, overdue, want.now);
  }
}

type Deciding = {
  readonly gates: Gates;
  readonly shelf: Shelf;
  readonly view: View;
  readonly keeper: Gatekeeper<Tie>;
  readonly want: ClaimRequest;
};

function offerOf(deciding: Deciding, before: Before) {
  const { gates, shelf, want } = deciding;
  const lines = shelf.lines();
  const room = new Map(lines.map(({ queue }) => [queue, roomOf(gates, queue, want)]));
  return {
    lines: lines.filter(({ queue }) => room.get(queue) !== 0),
    room,
    permits: permitsOf(deciding),
    before,
  };
}

function roomOf({ limits }: Gates, queue: OpenQueue, { now }: ClaimRequest): number {
  const live = limits.of(placeOf(queue));
  return live === undefined ? Number.POSITIVE_INFINITY : capacityOf(live, queue.leased, now);
}

const placeOf = ({ namespace, name }: Pick<OpenQueue, "namespace" | "name">) =>
  ({ kind: "queue", text: scoped(namespace, name) }) as const;

const permitsOf = ({ gates, view, keeper, want: { now } }: Deciding): Permits<Tie> =>
  createPermits(
    {
      isLimited: gates.limits.has,
      capacity: keeper.capacity,
      hold(tie, closed) {
        view.stand(tie, stages[closed.kind]);
        for (const gate of gatesOf(tie)) gates.touch(gate);
      },
    },
    now,
  );

/** Leases what was picked, and counts it at its gates and queues. */
async function leasePicked(work: Work, want: ClaimRequest, picked: Picked<Tie>): Promise<readonly Leased[]> {
  const { gates } = work;
  const leased = await leaseChosen(work, want, picked.seqs);
  const seqs = new Set(leased.map(({ seq }) => seq));
  await gates.leased(
    picked.ties.filter(({ seq }) => seqs.has(seq)),
    want.now,
  );
  const places = leased.map(({ queue }) => placeOf(queue));
  await gates.limits.took(places, want.now);
  for (const place of new Map(places.map((each) => [each.text, each])).values()) {
    const live = gates.limits.has(place) ? gates.limits.of(place) : undefined;
    const at = live && opensAt(live, want.now);
    if (at !== undefined) gates.bell.wakeAt(at);
  }
  return leased;
}
