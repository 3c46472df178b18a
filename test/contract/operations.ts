import fc from "fast-check";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { LinkedEnd, TaskState } from "../../server/src/model/task.ts";
import type { OnConflict, UniqueScope } from "../../server/src/model/unique.ts";
import { bytesOf } from "../support/new-task.ts";

/** Something that is done to a store, as data, so that a failing sequence can be made smaller, printed and repeated. */
export type Operation =
  | { readonly kind: "accept"; readonly tasks: readonly Draft[]; readonly atomic: boolean }
  | {
      readonly kind: "claim";
      readonly queues: readonly number[];
      readonly limit: number;
      readonly contentBytesMax: number;
      readonly order: "merged" | "strict" | "weighted";
    }
  | {
      readonly kind: "settle";
      readonly items: readonly { readonly lease: number; readonly outcome: Outcome }[];
    }
  | { readonly kind: "extend"; readonly leases: readonly number[]; readonly leaseMs: number | undefined }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "stage" | "reap"; readonly limit: number }
  | { readonly kind: "cancel"; readonly task: number }
  | { readonly kind: "edit"; readonly task: number; readonly edit: Edit }
  | { readonly kind: "remove"; readonly task: number }
  | { readonly kind: "pause"; readonly queue: number; readonly isPaused: boolean }
  | { readonly kind: "purge"; readonly queue: number }
  | { readonly kind: "prune" }
  | { readonly kind: "expire"; readonly limit: number }
  | {
      readonly kind: "list";
      readonly states: TaskState[];
      readonly queue: number | undefined;
      readonly limit: number;
    }
  | { readonly kind: "reopen" };

/** A task to be. Ids and contents are few, so that they meet; its id decides a task's queue. */
export type Draft = {
  readonly task: number;
  readonly content: number;
  readonly priority: number;
  readonly delayMs: number;
  readonly leaseMs: number | undefined;
  readonly retentionMs: number;
  readonly attempts: number;
  readonly expireMs: number | undefined;
  readonly startWithinMs: number | undefined;
  readonly ackEarly: boolean;
  /** The key that it claims, of few. */
  readonly unique: UniqueDraft | undefined;
  /** What its ends make. */
  readonly links: readonly LinkDraft[];
};

/** A task that an end of another one is to make. */
export type LinkDraft = {
  readonly on: LinkedEnd;
  /** The one with this number; undefined: one of its own. */
  readonly task: number | undefined;
  readonly queue: number;
  readonly delayMs: number;
  readonly isHanded: boolean;
};

/** A claim to be. Times are counted from when the task comes. */
export type UniqueDraft = {
  readonly key: number;
  readonly onConflict: OnConflict;
  readonly until: UniqueScope["until"];
  readonly forMs: number;
  readonly keepMs: number | undefined;
  readonly maxWaitMs: number | undefined;
};

/** What an operator changes about a task that waits; undefined leaves it. */
export type Edit = {
  readonly queue: number | undefined;
  readonly priority: number | undefined;
  readonly delayMs: number | undefined;
  readonly content: number | undefined;
};

/** How many queues there may be: one fewer than are used, so that the limit is met. */
export const queuesMax = 2;

/** The longest that a task is kept after its end. */
export const retentionMsMax = 90_000;

const upTo = (max: number) => fc.nat({ max });
const [task, queue, lease] = [upTo(15), fc.constantFrom(0, 0, 0, 1, 1, 2), upTo(5)];
const some = <T>(item: fc.Arbitrary<T>, maxLength: number) => fc.array(item, { minLength: 1, maxLength });
const failure = fc.constant(bytesOf("broken"));
const checkpoint = fc.constantFrom(undefined, undefined, bytesOf("half"));

const unique: fc.Arbitrary<UniqueDraft> = fc.record({
  key: fc.nat({ max: 2 }),
  onConflict: fc.constantFrom<OnConflict[]>("return", "reject", "replace", "debounce"),
  until: fc.constantFrom<UniqueScope["until"][]>("ended", "started"),
  forMs: fc.constantFrom(0, 0, 3001),
  keepMs: fc.constantFrom(undefined, undefined, 10, 22_001),
  maxWaitMs: fc.constantFrom(undefined, 10, 5000),
});

const link: fc.Arbitrary<LinkDraft> = fc.record({
  on: fc.constantFrom<LinkedEnd[]>("succeeded", "failed"),
  task: fc.constantFrom(undefined, undefined, 3, 4),
  queue,
  delayMs: fc.constantFrom(0, 0, 10),
  isHanded: fc.boolean(),
});

const draft: fc.Arbitrary<Draft> = fc.record({
  task,
  content: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
  priority: fc.constantFrom(0, 5, 9),
  delayMs: fc.constantFrom(0, 0, 0, 0, 10, 5000),
  leaseMs: fc.constantFrom(undefined, 1000, 60_000),
  retentionMs: fc.constantFrom(0, 1000, retentionMsMax),
  attempts: fc.integer({ min: 1, max: 3 }),
  expireMs: fc.constantFrom(undefined, undefined, undefined, 10, 5000, 30_000),
  startWithinMs: fc.constantFrom(undefined, undefined, undefined, 10, 30_000),
  ackEarly: fc.constantFrom(false, false, false, true),
  unique: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: unique }),
  links: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some(link, 2) }),
});

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    kind: fc.constant("succeeded"),
    result: fc.constantFrom(undefined, bytesOf("1"), bytesOf("2")),
  }),
  fc.record({ kind: fc.constant("failed"), failure, nonRetryable: fc.boolean(), checkpoint }),
  fc.record({
    kind: fc.constant("retry"),
    delayMs: fc.constantFrom(undefined, 0, 10),
    failure: fc.option(failure, { nil: undefined }),
    checkpoint,
    overrides: fc.constantFrom(undefined, undefined, { maxAttempts: 2 }, { timeLimitMs: 7 }),
  }),
  fc.record({ kind: fc.constantFrom("released", "unknown_name") }),
  fc.record({ kind: fc.constantFrom("rejected", "result_too_large"), failure }),
);

const accept = fc.record({
  kind: fc.constant("accept"),
  tasks: some(draft, 8),
  atomic: fc.constantFrom(false, false, false, true),
});
const claim = fc.record({
  kind: fc.constant("claim"),
  queues: fc.array(queue, { minLength: 2, maxLength: 4 }),
  limit: fc.constantFrom(0, 1, 2, 3, 5),
  contentBytesMax: fc.constantFrom(1, 20, 100_000),
  order: fc.constantFrom("merged", "merged", "strict", "weighted"),
});
const settle = fc.record({ kind: fc.constant("settle"), items: some(fc.record({ lease, outcome }), 3) });
const extend = fc.record({
  kind: fc.constant("extend"),
  leases: some(lease, 3),
  leaseMs: fc.constantFrom(undefined, 1000, 3_600_000),
});
const advance = fc.record({
  kind: fc.constant("advance"),
  ms: fc.constantFrom(1, 10, 3001, 22_001, 22_001, 100_000, 86_400_000),
});
const sweep = fc.record({ kind: fc.constantFrom("stage", "reap"), limit: fc.constantFrom(1, 10) });
const list = fc.record({
  kind: fc.constant("list"),
  states: fc.subarray<TaskState>(["scheduled", "ready", "leased", "failed", "expired"]),
  queue: fc.option(queue, { nil: undefined }),
  limit: fc.integer({ min: 1, max: 4 }),
});
const edit = fc.record({
  kind: fc.constant("edit"),
  task,
  edit: fc.record({
    queue: fc.constantFrom(undefined, undefined, 0, 1, 2),
    priority: fc.constantFrom(undefined, 0, 9),
    delayMs: fc.constantFrom(undefined, undefined, 0, 10, 5000),
    content: fc.constantFrom(undefined, undefined, 0, 2),
  }),
});
const rare = fc.oneof(
  fc.record({ kind: fc.constant("pause"), queue, isPaused: fc.boolean() }),
  fc.record({ kind: fc.constant("purge"), queue }),
  fc.record({ kind: fc.constant("prune") }),
  fc.record({ kind: fc.constant("remove"), task }),
  fc.record({ kind: fc.constant("expire"), limit: fc.constantFrom(1, 10) }),
);

/** Any operation, the dear one now and then. `canReopen`: the store outlives its closing. */
export const operation = (canReopen: boolean): fc.Arbitrary<Operation> =>
  fc.oneof(
    { weight: 60, arbitrary: accept },
    { weight: 60, arbitrary: claim },
    { weight: 60, arbitrary: settle },
    { weight: 30, arbitrary: extend },
    { weight: 40, arbitrary: advance },
    { weight: 50, arbitrary: sweep },
    { weight: 20, arbitrary: fc.record({ kind: fc.constant("cancel"), task }) },
    { weight: 20, arbitrary: edit },
    { weight: 10, arbitrary: list },
    { weight: 30, arbitrary: rare },
    { weight: canReopen ? 1 : 0, arbitrary: fc.record({ kind: fc.constant("reopen") }) },
  );
