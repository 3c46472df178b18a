import { chunksOf } from "../lib/chunks.ts";
import type { Bytes, Namespace } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { Outcome } from "../model/outcome.ts";
import type { TaskState } from "../model/task.ts";
import type { Log } from "../ports/log.ts";
import type { TaskStore } from "../ports/task-store.ts";
import type { Unusable } from "./assembling.ts";
import { createEndLeases, type EndLeasesDeps, type LeaseEnd } from "./end-leases.ts";
import { type Grow, outcomeOf, type SaidOutcome } from "./growth.ts";
import type { LostReason } from "./lease.ts";
import type { HeldLease, Leasable, LeaseBook } from "./lease-book.ts";
import type { FaultOfToken, OpenToken } from "./open-token.ts";
import type { LeaseName } from "./token.ts";

/** How one attempt ended, by its token. */
export type TokenSettlement = { readonly token: Bytes; readonly outcome: SaidOutcome };

/** What became of one settlement. */
export type SettleVerdict =
  | { readonly kind: "accepted"; readonly state: TaskState }
  | { readonly kind: "duplicate"; readonly state: TaskState }
  | { readonly kind: "lost"; readonly state: TaskState | undefined; readonly why: LostReason };

/** Ends leases. */
export type Settling = {
  /** Settles by token; verdicts in the order asked. `faultOf` says what is wrong with those that do not open. */
  settle(
    namespace: Namespace,
    settlements: readonly TokenSettlement[],
    open: OpenToken,
    faultOf?: FaultOfToken,
  ): Promise<readonly SettleVerdict[]>;
  /**
   * Gives leases back free of charge; `unstarted`: it is known that their handlers have not begun. Never rejects: what cannot be given
   * back ends by expiry.
   */
  release(namespace: Namespace, leases: readonly Leasable[], unstarted: boolean): Promise<void>;
  /** Fails tasks for good that were claimed and cannot be handed out. Rejects when the store does: their leases expire then. */
  reject(namespace: Namespace, unusable: readonly Unusable[]): Promise<void>;
};

/** What settling needs. */
export type SettlingDeps = EndLeasesDeps & {
  readonly store: Pick<TaskStore, "readHeads">;
  readonly log: Log;
  readonly limits: Pick<Limits, "batchTasksMax">;
  readonly grow: Grow;
};

/** A settlement whose token is genuine; the lease comes from its session's book, or is read. */
type Opened = {
  readonly index: number;
  readonly name: LeaseName;
  readonly outcome: SaidOutcome;
  readonly book: LeaseBook | undefined;
  readonly held: HeldLease | undefined;
};

/** A settlement on its way to the store. */
type Work = LeaseEnd & Pick<Opened, "index" | "book">;
/** One that may add something to its canvas. */
type Said = Omit<Work, "outcome"> & Pick<Opened, "outcome">;

const released: Outcome = { kind: "released" };
const unbegun: Outcome = { kind: "released", unstarted: true };

/** Makes the part of the broker that settles. */
export function createSettling(deps: SettlingDeps): Settling {
  const { store, log, limits, grow, clock } = deps;
  const endLeases = createEndLeases(deps);

  async function settle(
    namespace: Namespace,
    settlements: readonly TokenSettlement[],
    open: OpenToken,
    faultOf: FaultOfToken = () => "token_invalid",
  ): Promise<readonly SettleVerdict[]> {
    const verdicts = new Array<SettleVerdict>(settlements.length).fill(lost("token_invalid"));
    const [opened, unopened] = openAll(settlements, open);
    for (const { index, token } of unopened) verdicts[index] = lost(faultOf(token));
    mark(opened, true);
    try {
      for (const { index } of opened) verdicts[index] = lost("task_unknown");
      const works = await complete(namespace, opened);
      const answers = await endLeases(namespace, works);
      for (const [at, { index, book, name }] of works.entries()) {
        const answer = answers[at];
        if (answer === undefined) throw new Error("the store left a settlement without a verdict");
        book?.drop(name);
        verdicts[index] = answer.kind === "applied" ? { kind: "accepted", state: answer.state } : answer;
      }
    } finally {
      mark(opened, false);
    }
    return verdicts;
  }

  /** Reads the leases that no book has: of workers without a stream, or of the time before a restart. One read for all. */
  async function complete(namespace: Namespace, opened: readonly Opened[]): Promise<readonly Work[]> {
    const missing = opened.filter(({ held }) => held === undefined);
    const heads =
      missing.length === 0
        ? []
        : await store.readHeads(missing.map(({ name }) => ({ namespace, id: name.id })));
    let read = 0;
    const said: readonly (Said | Work)[] = opened.flatMap(({ index, name, outcome, book, held }) => {
      const lease = held ?? heads[read++];
      return lease === undefined ? [] : [{ index, name, outcome, book, lease }];
    });
    return addNothing(said) ? said : grown(namespace, said);
  }

  /** What some add to their canvases is made before anything is written. */
  async function grown(namespace: Namespace, said: readonly (Said | Work)[]): Promise<readonly Work[]> {
    const works: Work[] = [];
    for (const one of said) {
      const ref = { namespace, id: one.name.id };
      works.push({ ...one, outcome: await outcomeOf(one.outcome, { ref, grow, now: clock.now() }) });
    }
    return works;
  }

  return {
    settle,
    async reject(namespace, unusable) {
      await endLeases(
        namespace,
        unusable.map(({ lease, failure }) => ({
          ...{ name: lease, lease, outcome: { kind: "rejected", failure } as const },
        })),
      );
    },
    async release(namespace, leases, unstarted) {
      const ends = leases.map((lease) => ({ name: lease, lease, outcome: unstarted ? unbegun : released }));
      try {
        for (const some of chunksOf(ends, limits.batchTasksMax)) await endLeases(namespace, some);
      } catch (error) {
        log.warn({ err: error, leases: leases.length }, "could not give leases back; they will expire");
      }
    },
  };
}

function openAll(settlements: readonly TokenSettlement[], open: OpenToken) {
  const all: Opened[] = [];
  const unopened: { readonly index: number; readonly token: Bytes }[] = [];
  for (const [index, { token, outcome }] of settlements.entries()) {
    const opened = open(token);
    if (opened === undefined) {
      unopened.push({ index, token });
      continue;
    }
    const { name, book } = opened;
    all.push({ index, name, outcome, book, held: book?.find(name.id, name.fence) });
  }
  return [all, unopened] as const;
}

function mark(all: readonly Opened[], isSettling: boolean): void {
  for (const { held } of all) if (held !== undefined) held.isSettling = isSettling;
}

const addNothing = (said: readonly (Said | Work)[]): said is readonly Work[] =>
  said.every(({ outcome }) => !("wish" in outcome));

const lost = (why: LostReason): SettleVerdict => ({ kind: "lost", state: undefined, why });
