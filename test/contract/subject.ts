import { createHash } from "node:crypto";
import type { TaskEvent } from "../../server/src/model/event.ts";
import {
  defaultNamespace,
  type Instant,
  instantOf,
  plus,
  type TaskRef,
  taskIdOf,
} from "../../server/src/model/ids.ts";
import { defaults, type Limits } from "../../server/src/model/limits.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { NewTask, Task, TaskHead } from "../../server/src/model/task.ts";
import { editTask, noEdit, type TaskEdit } from "../../server/src/model/task-edit.ts";
import { decideSettle, type TaskTrigger, transition } from "../../server/src/model/task-machine.ts";
import type { EditVerdict } from "../../server/src/ports/admin-store.ts";
import type { Clock } from "../../server/src/ports/clock.ts";
import type { Store } from "../../server/src/ports/store.ts";
import type {
  AcceptVerdict,
  Claimed,
  ClaimRequest,
  LeaseCheck,
  LeaseRef,
  SettleVerdict,
  StoreSettlement,
  TaskQuery,
} from "../../server/src/ports/task-store.ts";
import { defaultQueue } from "../support/new-task.ts";

/** How long leases are in these tests, where a task has no length of its own. */
export const lease = { leaseMs: defaults.leaseMs, graceMs: defaults.leaseGraceMs } as const;

/** With what a driver is opened. */
export type OpenOptions = { readonly clock: Clock; readonly limits: Limits; readonly lease: typeof lease };

/** One store for one test, and how to have it once more. */
export type Place = {
  /** Opens the store; a durable one again with all that was in it, once it was closed. */
  open(): Promise<Store>;
  /** Removes whatever is left when the test is over. */
  remove(): Promise<void>;
};

/** Makes a place for a store that nothing else has used. */
export type MakePlace = (options: OpenOptions) => Promise<Place>;

/** A store under test, a clock that stands still until told, and what the rooms do with a store, in short. */
export type Subject = Awaited<ReturnType<typeof createSubject>>;

/** Opens a fresh store in a place of its own. */
export async function createSubject(makePlace: MakePlace, limits: Limits) {
  let now = instantOf(1_800_000_000_000);
  const clock: Clock = { now: () => now, after: () => () => undefined };
  const place = await makePlace({ clock, limits, lease });
  let store = await place.open();

  async function apply(ref: TaskRef, trigger: TaskTrigger): Promise<"applied" | "conflict" | "meaningless"> {
    const [head] = await store.readHeads([ref]);
    if (head === undefined) return "conflict";
    const [answer] = await applyTo([head], trigger);
    return answer ?? "meaningless";
  }

  async function applyTo(heads: readonly TaskHead[], trigger: TaskTrigger) {
    const leaseUntilBefore = trigger.kind === "lease_expired" ? now : undefined;
    return store.apply(
      heads.flatMap((head) => {
        const change = transition(head, trigger, now);
        return change ? [{ ref: head, revision: head.revision, leaseUntilBefore, change, now }] : [];
      }),
    );
  }

  return {
    get store() {
      return store;
    },
    get now() {
      return now;
    },
    advance: (ms: number): void => {
      now = plus(now, ms);
    },
    /** Closes the store and opens it again. */
    async reopen(): Promise<void> {
      await store.close();
      store = await place.open();
    },
    /** Ends the test. */
    async dispose(): Promise<void> {
      await store.close();
      await place.remove();
    },

    accept: (...tasks: readonly NewTask[]): Promise<readonly AcceptVerdict[]> =>
      store.accept({ tasks, now, atomic: false }),
    claim: (want: Partial<ClaimRequest> = {}): Promise<readonly Claimed[]> =>
      store.claim(claimRequest(now, want)),
    /** Claims one task, and fails where there is none. */
    async claimOne(want: Partial<ClaimRequest> = {}): Promise<Claimed> {
      return only(await store.claim(claimRequest(now, { ...want, limit: 1 })));
    },
    /** Settles one lease as the broker would, with no spread of the back-off. */
    async settle(claimed: Claimed, outcome: Outcome): Promise<SettleVerdict> {
      return only(await store.settle([settlementOf(claimed, outcome, now)]));
    },
    /** Extends one lease; `leaseMs` undefined: by its own length. */
    async extend(claimed: Claimed, leaseMs?: number): Promise<LeaseCheck> {
      const { leaseMs: defaultLeaseMs, graceMs } = lease;
      return only(await store.extend({ leases: [leaseRef(claimed)], now, leaseMs, defaultLeaseMs, graceMs }));
    },
    cancel: (id: string, reason = "not needed") =>
      apply(refOf(id), { kind: "cancel", cancel: { reason, at: now } }),
    /** Edits a task as it is now; in words where there is nothing to write. */
    async edit(ref: TaskRef, edit: Partial<TaskEdit>): Promise<EditVerdict | "not_waiting" | "unchanged"> {
      const [head] = await store.readHeads([ref]);
      const edited = head && editTask(head, { ...noEdit, ...edit }, now);
      if (!head || !edited) return "conflict";
      if (typeof edited === "string") return edited;
      return only(await store.edit([{ ref, revision: head.revision, edited, now }]));
    },
    /** Decides on a task as it is now, and applies that; "meaningless" where there was nothing to decide. */
    apply,
    /** What the stager does in one pass: scheduled tasks whose time has come are made ready. */
    async stage(limit = 1000): Promise<number> {
      const due = await store.dueTasks(now, limit);
      await applyTo(due, { kind: "due" });
      return due.length;
    },
    /** What the reaper does in one pass: leases that are over are ended. */
    async reap(limit = 1000): Promise<number> {
      const over = await store.expiredLeases(now, limit);
      await applyTo(over, { kind: "lease_expired" });
      return over.length;
    },
    /** Reads a task that is there. */
    async task(id: string): Promise<Task> {
      const [task] = await store.read([refOf(id)]);
      if (task === undefined) throw new Error(`there is no task ${id}`);
      return task;
    },
    list: (query: Partial<TaskQuery> = {}) => store.list(taskQuery(query)),
    /** All events of one task, oldest first. */
    async eventsOf(id: string): Promise<readonly TaskEvent[]> {
      const { events } = await store.readEvents(undefined, 100_000);
      return events.filter((event) => event.taskId === id && event.namespace === defaultNamespace);
    },
  };
}

/** Names a task. */
export const refOf = (id: string, namespace = defaultNamespace): TaskRef => ({ namespace, id: taskIdOf(id) });

/** Names the lease that a claim gave. */
export const leaseRef = ({ id, fence }: Claimed, namespace = defaultNamespace): LeaseRef => ({
  namespace,
  id,
  fence,
});

/** An ordinary claim, but for `want`. */
export const claimRequest = (now: Instant, want: Partial<ClaimRequest> = {}): ClaimRequest => ({
  namespace: defaultNamespace,
  queues: [defaultQueue],
  limit: 1000,
  contentBytesMax: 4 * 1024 * 1024,
  now,
  ...lease,
  worker: "worker-1",
  ...want,
});

/** A question for everything, but for `query`. */
export const taskQuery = (query: Partial<TaskQuery> = {}): TaskQuery => ({
  namespace: defaultNamespace,
  states: [],
  queue: undefined,
  name: undefined,
  tag: undefined,
  createdFrom: undefined,
  createdTo: undefined,
  limit: 1000,
  after: undefined,
  bytesMax: 64 * 1024 * 1024,
  full: true,
  ...query,
});

/** The settlement that the broker would make of an outcome. The back-off is not spread: chance is one half throughout. */
export const settlementOf = (claimed: Claimed, outcome: Outcome, now: Instant): StoreSettlement => ({
  ...leaseRef(claimed),
  decision: decideSettle(claimed, outcome, now, 0.5),
  outcomeHash: outcomeHashOf(outcome),
  now,
});

function outcomeHashOf(outcome: Outcome): number {
  const text = JSON.stringify(outcome, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  );
  return createHash("sha256").update(text).digest().readUIntBE(0, 6);
}

/** The one item of a list that must have exactly one. */
export function only<T>(items: readonly T[]): T {
  const [first] = items;
  if (items.length !== 1 || first === undefined)
    throw new Error(`one item was expected, not ${items.length}`);
  return first;
}
