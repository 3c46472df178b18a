import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Grant, LeaseVerdict } from "@stem/proto/stem/v1/lease_pb";
import { QueueMode, type QueueSubscription as WireSubscription } from "@stem/proto/stem/v1/worker_pb";
import type { CancelledLease, Grants, Hello, Welcome } from "@stem/proto/stem/v1/worker_service_pb";
import type { Logger } from "@stem/sdk";
import type { Clock } from "@stem/sdk/internal";
import type { Deadlines } from "../deadlines.ts";
import { LeaseLost, TaskCancelled } from "../errors.ts";
import { type EventHub, factsOf } from "../events.ts";
import { HeldLease } from "../lease.ts";
import type { LeaseTable } from "../lease-table.ts";
import type { AnnouncedTasks } from "../registry.ts";
import { unstarted } from "../settlement.ts";
import type { Slots } from "../slots.ts";
import type { QueueSubscription, WorkerSettings } from "../worker-options.ts";
import type { Settlements } from "./settlements.ts";

/** What a session needs of the rest of the worker. */
export type SessionDeps = {
  readonly settings: WorkerSettings;
  readonly tasks: AnnouncedTasks;
  /** The queues that nothing is to come from. */
  readonly paused: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly leases: LeaseTable;
  readonly slots: Slots;
  readonly deadlines: Deadlines;
  readonly settlements: Settlements;
  readonly events: EventHub;
  /** Heartbeats as soon as may be. */
  readonly beat: () => void;
};

/** The server's terms, as its Welcome tells them. Until then: its defaults. */
export type Terms = {
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly frameBytesMax: number;
  readonly resultBytesMax: number;
  readonly creditMax: number;
  readonly checkpointBytesMax: number;
  /** The largest chunk that the server keeps; 0: it keeps no output. */
  readonly outputBytesMax: number;
};

// Leased tasks that found no slot for this long go back, for another worker to have them.
const bufferedMsMax = 1000;
const frameBytesMax = 3_670_016;
const protocol = 1;
// As the usual heartbeat interval is to the usual lease.
const beatShare = 0.25;

/** What the worker is to the server, over all its streams: an id, a position in the Grants, and the leases held. */
export class Session {
  readonly #deps: SessionDeps;
  #id: Uint8Array = new Uint8Array();
  #seenSeq = 0;
  #closed = false;
  #unconfirmed: HeldLease[] = [];
  terms: Terms = {
    leaseMs: 20_000,
    heartbeatMs: 5000,
    frameBytesMax,
    resultBytesMax: 2 * 1024 * 1024,
    creditMax: 10_000,
    checkpointBytesMax: 64 * 1024,
    outputBytesMax: 64 * 1024,
  };

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  /** The number of the newest Grant seen. */
  get seenSeq(): number {
    return this.#seenSeq;
  }

  /** How many tasks wait for the server to confirm their leases before they begin. */
  get unconfirmed(): number {
    return this.#unconfirmed.length;
  }

  /** How often to heartbeat for the leases held: a short one must not wait for the usual interval. */
  get beatMs(): number {
    return Math.min(this.terms.heartbeatMs, this.#deps.leases.shortestMs() * beatShare);
  }

  /** The greeting of a new stream, and the leases that it lists, in its order. */
  hello(sdk: string): { readonly hello: Hello; readonly listed: readonly HeldLease[] } {
    const { settings, leases, tasks } = this.#deps;
    const listed = [...leases];
    const hello: Hello = {
      $typeName: "stem.v1.Hello",
      protocolMin: protocol,
      protocolMax: protocol,
      namespace: settings.namespace,
      worker: settings.name,
      queues: settings.queues.map(subscriptionOf),
      slots: settings.concurrency,
      sessionId: this.#id,
      heldLeases: listed.map((lease) => lease.grant.leaseToken),
      seenSeq: BigInt(this.#seenSeq),
      sdk,
      definitions: [...tasks.definitions],
      capabilities: ["control"],
      pausedQueues: [...this.#deps.paused],
      labels: { ...settings.labels },
      broadcastChannels: [...settings.channels],
    };
    return { hello, listed };
  }

  /** A stream is open: takes the server's terms, and its word on the leases that the greeting listed. */
  welcomed(welcome: Welcome, listed: readonly HeldLease[]): void {
    const isResumed = Buffer.from(this.#id).equals(welcome.sessionId);
    this.#id = welcome.sessionId;
    // Grants that were lost on the way went back to their queues: nothing between here and there is ours.
    this.#seenSeq = Number(welcome.lastSeq);
    this.terms = termsOf(welcome, this.terms);
    listed.forEach((lease, place) => {
      // Granted by another server than this one, which extends what it was greeted with in any case.
      if (!isResumed || lease.seq > this.#seenSeq) lease.seq = 0;
      if (!welcome.leases[place]?.held) this.#lost(lease);
    });
  }

  /** Work has come. */
  granted({ firstSeq, grants }: Grants, countedFrom: number): void {
    const first = Number(firstSeq);
    this.#seenSeq = first + grants.length - 1;
    const now = this.#deps.clock.now();
    const startBy = now + bufferedMsMax;
    let earliest = startBy;
    const leases = grants.map((grant, place) => {
      const lease = this.#held(grant, { seq: first + place, countedFrom, startBy });
      if (!lease.isFresh(now)) lease.phase = "unconfirmed";
      earliest = Math.min(earliest, lease.dueAt());
      return lease;
    });
    if (this.#deps.events.hearsTasks)
      for (const lease of leases) this.#deps.events.emit("task-received", { task: factsOf(lease) });
    this.#offer(leases);
    this.#deps.deadlines.watch(earliest);
  }

  /** The server has confirmed the leases up to `seenSeq`, but for those that are lost. */
  extended(seenSeq: number, countedFrom: number): void {
    this.#deps.leases.confirm(seenSeq, countedFrom);
    if (this.#unconfirmed.length > 0) this.#beginConfirmed(seenSeq);
  }

  /** These leases are over. */
  lost(verdicts: readonly LeaseVerdict[]): void {
    for (const lease of this.#deps.leases.byTokens(verdicts.map(({ leaseToken }) => leaseToken)))
      if (lease) this.#lost(lease);
  }

  /** Somebody wants these attempts stopped. */
  cancelled(cancels: readonly CancelledLease[]): void {
    const leases = this.#deps.leases.byTokens(cancels.map(({ leaseToken }) => leaseToken));
    leases.forEach((lease, place) => {
      const { reason = "", requester = "" } = cancels[place] ?? {};
      lease?.abort(new TaskCancelled(reason, requester || undefined));
      // One that waits need not begin: given back, it is cancelled.
      if (lease?.phase === "unconfirmed" || (lease && this.#deps.slots.withdraw(lease)))
        this.#deps.settlements.add(lease, unstarted);
    });
  }

  /** Takes no more work: what has not begun and what still comes goes back. */
  close(): void {
    this.#closed = true;
    this.#offer(this.#unconfirmed.splice(0).filter(isUnconfirmed));
  }

  /** Starts leases, or gives them back when closed; late ones are confirmed first, so that no handler begins on the last of a lease. */
  #offer(leases: readonly HeldLease[]): void {
    if (this.#closed) {
      for (const lease of leases) this.#deps.settlements.add(lease, unstarted);
      return;
    }
    const late = leases.filter(isUnconfirmed);
    this.#deps.slots.offer(late.length === 0 ? leases : leases.filter((lease) => !isUnconfirmed(lease)));
    if (late.length === 0) return;
    this.#unconfirmed.push(...late);
    this.#deps.beat();
  }

  #beginConfirmed(seenSeq: number): void {
    const waiting = this.#unconfirmed.filter(isUnconfirmed);
    const confirmed = waiting.filter(({ seq }) => seq <= seenSeq);
    this.#unconfirmed = waiting.filter(({ seq }) => seq > seenSeq);
    for (const lease of confirmed) lease.phase = "buffered";
    this.#deps.slots.offer(confirmed);
  }

  #held(grant: Grant, start: { seq: number; countedFrom: number; startBy: number }): HeldLease {
    const timeLimitMs = this.#deps.tasks.timeLimits?.get(grant.task?.name ?? "");
    const lease = new HeldLease(grant, { ...start, leaseMs: this.terms.leaseMs, timeLimitMs });
    this.#deps.leases.add(lease);
    return lease;
  }

  #lost(lease: HeldLease): void {
    // Its outcome is known: the server has the last word on it when it is sent again.
    if (lease.phase === "settling") return;
    this.#deps.log.warn({ taskId: lease.grant.taskId, phase: lease.phase }, "a lease is lost");
    this.#deps.slots.withdraw(lease);
    this.#deps.leases.remove(lease);
    lease.abort(new LeaseLost(true));
    this.#deps.slots.abandoned();
  }
}

const modes = { strict: QueueMode.STRICT, weighted: QueueMode.WEIGHTED } as const;

const subscriptionOf = ({ name, mode, weight }: QueueSubscription): WireSubscription => ({
  $typeName: "stem.v1.QueueSubscription",
  name,
  mode: mode === undefined ? QueueMode.UNSPECIFIED : modes[mode],
  ...(weight !== undefined && { weight }),
});

/** False also for one that was lost or cancelled meanwhile, or was given back because nobody confirmed it in time. */
const isUnconfirmed = ({ phase, stop }: HeldLease): boolean => phase === "unconfirmed" && stop === undefined;

function termsOf(welcome: Welcome, before: Terms): Terms {
  return {
    leaseMs: welcome.leaseDuration ? durationMs(welcome.leaseDuration) : before.leaseMs,
    heartbeatMs: welcome.heartbeatInterval ? durationMs(welcome.heartbeatInterval) : before.heartbeatMs,
    frameBytesMax: Math.min(welcome.frameBytesMax || frameBytesMax, frameBytesMax),
    resultBytesMax: welcome.resultBytesMax || before.resultBytesMax,
    creditMax: welcome.creditMax || before.creditMax,
    checkpointBytesMax: welcome.checkpointBytesMax || before.checkpointBytesMax,
    outputBytesMax: welcome.outputBytesMax,
  };
}
