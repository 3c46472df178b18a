import type { Bytes, QueueName, TaskId } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { Fence, TaskHead } from "../model/task.ts";
import type { LeaseHead } from "../model/task-machine.ts";
import { createByteWindow } from "./byte-window.ts";
import type { Seal } from "./token.ts";

/** A lease that a session holds, with all that its settlement is decided by; without the task's content. */
export type HeldLease = LeaseHead & {
  readonly id: TaskId;
  readonly queue: QueueName;
  readonly fence: Fence;
  /** The number of its grant in the session. */
  readonly seq: number;
  /** What its token was made with: keys change, and a worker knows its lease by the token it was given. */
  readonly seal: Seal;
  /** A settlement of it is under way: who asks for its state meanwhile would get the answer twice. */
  isSettling: boolean;
  /** The stream was told that somebody wants it stopped. */
  wasToldToCancel: boolean;
  /** The worker said that its grant arrived. */
  hasArrived: boolean;
};

/** What a lease is entered with: a claimed task, or a task head that was read again. */
export type Leasable = Pick<TaskHead, "id" | "queue" | "policy" | "attempt" | "deliveries" | "createdAt"> & {
  readonly fence: Fence;
};

/** A task to enter under the next number. */
export type Grantable = Leasable & { readonly content: Bytes };

/** Grants that follow each other, by number, both ends inside. */
export type SeqRange = { readonly first: number; readonly last: number };

/** The leases of one session, and how many more it may get. */
export type LeaseBook = {
  /** How many leases it holds. */
  readonly size: number;
  /** The number of the newest grant. */
  readonly lastSeq: number;
  /** How many tasks may be granted now: within the credit, and within what a session may hold. */
  readonly room: number;
  /** How many bytes of content may be granted now; Infinity without a window. */
  readonly bytesLeft: number;
  /** Whether the worker says which grants arrived. */
  readonly tellsArrivals: boolean;
  /**
   * Grants up to number seenSeq + credit are welcome, and of those beyond seenSeq as many as have `bytesMax` bytes of content together.
   * Absolute; a seenSeq that was never granted counts as the newest.
   */
  setCredit(seenSeq: number, credit: number, bytesMax?: number): void;
  /** These grants arrived; numbers that were never granted mean nothing. */
  noteArrived(ranges: readonly SeqRange[]): void;
  /** Takes back all credit: a new stream begins without. */
  clearCredit(): void;
  /** Enters granted tasks under the next numbers. Answers older leases of the same tasks, which are over with it. */
  grant(tasks: readonly Grantable[], seal: Seal): readonly HeldLease[];
  /** Enters a lease that was granted before the book was opened. */
  adopt(task: Leasable, seal: Seal): void;
  /** The lease of that task with that fence. */
  find(id: TaskId, fence: Fence): HeldLease | undefined;
  /** Strikes a lease out; false when it is not in the book (any more). */
  drop(lease: Pick<HeldLease, "id" | "fence">): boolean;
  /** The leases granted under a number up to `seq`. */
  upTo(seq: number): HeldLease[];
};

/** What a book keeps to, and begins with. */
export type LeaseBookOptions = {
  readonly limits: Pick<Limits, "creditMax" | "heldLeasesMax">;
  /** The number before that of its first grant. */
  readonly lastSeq: number;
  /** Called when its last lease was struck out. */
  readonly onEmpty: () => void;
};

const heldLease = (
  { id, queue, fence, policy, attempt, deliveries, createdAt }: Leasable,
  seal: Seal,
  seq: number,
): HeldLease => ({
  id,
  queue,
  fence,
  policy,
  attempt,
  deliveries,
  createdAt,
  seq,
  seal,
  isSettling: false,
  wasToldToCancel: false,
  hasArrived: false,
});

/** Opens an empty book. */
export function createLeaseBook({ limits, lastSeq: firstSeq, onEmpty }: LeaseBookOptions): LeaseBook {
  const leases = new Map<TaskId, HeldLease>();
  let lastSeq = firstSeq;
  let welcomeSeq = firstSeq;
  let tellsArrivals = false;
  const window = createByteWindow();

  function enter(task: Leasable, seal: Seal, seq: number): HeldLease | undefined {
    const older = leases.get(task.id);
    // Taken out first: the book stays in the order of the numbers.
    if (older !== undefined) leases.delete(task.id);
    leases.set(task.id, heldLease(task, seal, seq));
    return older;
  }

  function find(id: TaskId, fence: Fence): HeldLease | undefined {
    const lease = leases.get(id);
    return lease !== undefined && lease.fence.seq === fence.seq && lease.fence.epoch === fence.epoch
      ? lease
      : undefined;
  }

  return {
    get size() {
      return leases.size;
    },
    get lastSeq() {
      return lastSeq;
    },
    get room() {
      if (window.left <= 0) return 0;
      return Math.max(0, Math.min(welcomeSeq - lastSeq, limits.heldLeasesMax - leases.size));
    },
    get bytesLeft() {
      return window.left;
    },
    get tellsArrivals() {
      return tellsArrivals;
    },
    setCredit(seenSeq, credit, bytesMax) {
      const seen = Math.min(seenSeq, lastSeq);
      welcomeSeq = seen + Math.min(credit, limits.creditMax);
      window.open(seen, bytesMax);
    },
    noteArrived(ranges) {
      tellsArrivals = true;
      for (const lease of leases.values())
        lease.hasArrived ||= ranges.some(({ first, last }) => first <= lease.seq && lease.seq <= last);
    },
    clearCredit() {
      welcomeSeq = lastSeq;
    },
    grant(tasks, seal) {
      const replaced: HeldLease[] = [];
      window.sent(lastSeq + 1, tasks);
      for (const task of tasks) {
        const older = enter(task, seal, ++lastSeq);
        if (older !== undefined) replaced.push(older);
      }
      return replaced;
    },
    adopt(task, seal) {
      enter(task, seal, 0);
    },
    find,
    drop({ id, fence }) {
      if (find(id, fence) === undefined) return false;
      leases.delete(id);
      if (leases.size === 0) onEmpty();
      return true;
    },
    upTo: (seq) =>
      leases
        .values()
        .filter((lease) => lease.seq <= seq)
        .toArray(),
  };
}
