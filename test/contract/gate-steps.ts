import fc from "fast-check";
import type { Labels, Rate } from "../../server/src/model/gate.ts";
import { queueNameOf, taskNameOf } from "../../server/src/model/ids.ts";
import type { OnConflict, UniqueScope } from "../../server/src/model/unique.ts";

/** What sequences are about: a few of each, so that they meet. */
export const queues = ["red", "blue"].map(queueNameOf);
/** The names of tasks. */
export const names = ["mail", "print"].map(taskNameOf);
/** The keys of limits. */
export const keys = ["k1", "k2"];
/** The keys that tasks claim. */
export const uniqueKeys = ["u1", "u2"];
/** What limits are put on. */
export const subjects = [
  ...queues.map((subject) => ({ kind: "queue", subject }) as const),
  ...names.map((subject) => ({ kind: "name", subject }) as const),
  ...keys.map((subject) => ({ kind: "key", subject }) as const),
];
/** What is paused apart from queues. */
export const pausable = [
  ...names.map((subject) => ({ kind: "name", subject }) as const),
  ...keys.map((subject) => ({ kind: "key", subject }) as const),
];
/** How fast things may go. */
export const rates: readonly (Rate | undefined)[] = [
  undefined,
  undefined,
  { count: 0, periodMs: 1000, burst: 1 },
  { count: 3, periodMs: 1000, burst: 2 },
  { count: 10, periodMs: 1000, burst: 1 },
];

/** Something that is done, as data. */
export type Step =
  | { readonly kind: "accept"; readonly tasks: readonly Draft[] }
  | {
      readonly kind: "claim";
      readonly queues: readonly number[];
      readonly labels: Labels | undefined;
      readonly limit: number;
    }
  | { readonly kind: "settle"; readonly lease: number; readonly how: "succeeded" | "released" | "retry" }
  | { readonly kind: "cancel" | "revoke"; readonly task: number }
  | {
      readonly kind: "edit";
      readonly task: number;
      readonly queue: number | undefined;
      readonly priority: number | undefined;
      readonly delayMs: number | undefined;
    }
  | { readonly kind: "replay"; readonly task: number; readonly queue: number | undefined }
  | {
      readonly kind: "limit";
      readonly subject: number;
      readonly concurrency: number | undefined;
      readonly rate: number;
    }
  | { readonly kind: "lift"; readonly subject: number }
  | { readonly kind: "pause"; readonly queue: number; readonly isPaused: boolean }
  /** Pauses the tasks of a name or a key for so long, or for good; 0 resumes them. */
  | { readonly kind: "pauseTasks"; readonly subject: number; readonly forMs: number | undefined }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "reap" };

/** A task to be. */
export type Draft = {
  readonly queue: number;
  readonly name: number;
  readonly key: number | undefined;
  readonly order: number | undefined;
  readonly fair: number | undefined;
  readonly labels: Labels | undefined;
  readonly priority: number;
  readonly delayMs: number;
  /** The key that it claims. */
  readonly unique:
    | { readonly key: number; readonly onConflict: OnConflict; readonly until: UniqueScope["until"] }
    | undefined;
};

const labels = fc.constantFrom<Labels | undefined>(
  undefined,
  undefined,
  { gpu: "yes" },
  { gpu: "yes", region: "eu" },
);
const maybe = (max: number) => fc.option(fc.nat({ max }), { nil: undefined });
const draft: fc.Arbitrary<Draft> = fc.record({
  queue: fc.nat({ max: 1 }),
  name: fc.nat({ max: 1 }),
  key: maybe(1),
  order: fc.option(fc.nat({ max: 1 }), { nil: undefined, freq: 2 }),
  fair: fc.option(fc.nat({ max: 1 }), { nil: undefined, freq: 1 }),
  labels,
  priority: fc.constantFrom(1, 5, 5, 9),
  delayMs: fc.constantFrom(0, 0, 0, 50),
  unique: fc.option(
    fc.record({
      key: fc.nat({ max: 1 }),
      onConflict: fc.constantFrom<OnConflict[]>("return", "reject", "replace", "debounce"),
      until: fc.constantFrom<UniqueScope["until"][]>("ended", "started"),
    }),
    { nil: undefined, freq: 2 },
  ),
});
/** Any step. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("accept"),
      tasks: fc.array(draft, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("claim"),
      queues: fc.constantFrom([0], [1], [0, 1], [1, 0]),
      labels,
      limit: fc.constantFrom(1, 2, 3, 10),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("settle"),
      lease: fc.nat({ max: 4 }),
      how: fc.constantFrom("succeeded", "released", "retry"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("cancel", "revoke"), task: fc.nat({ max: 20 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("edit"),
      task: fc.nat({ max: 20 }),
      queue: maybe(1),
      priority: fc.constantFrom(undefined, 1, 9),
      delayMs: fc.constantFrom(undefined, undefined, 0, 50),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("replay"), task: fc.nat({ max: 20 }), queue: maybe(1) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("limit"),
      subject: fc.nat({ max: subjects.length - 1 }),
      concurrency: fc.constantFrom(undefined, 0, 1, 1, 2, 3),
      rate: fc.nat({ max: rates.length - 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("lift"), subject: fc.nat({ max: subjects.length - 1 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("pause"), queue: fc.nat({ max: 1 }), isPaused: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("pauseTasks"),
      subject: fc.nat({ max: pausable.length - 1 }),
      forMs: fc.constantFrom(undefined, 0, 0, 50, 500),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("advance"), ms: fc.constantFrom(1, 33, 100, 334, 1000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reap") }) },
);
