/**
 * Closed sets as small numbers, in rows and between threads. Rows outlive versions: a number is never given to another word, and a
 * word that is no longer used keeps its number.
 */

import type { AttemptOutcome } from "../../model/attempt.ts";
import type { TaskEventKind } from "../../model/event.ts";
import type { StateReason, TaskState } from "../../model/task.ts";
import type { OutputKind } from "../../model/task-output.ts";

/** A closed set and its numbers. */
export type Codes<T extends string> = {
  readonly code: (word: T) => number;
  /** Throws for a number that no word has. */
  readonly word: (code: number) => T;
};

/** Makes the two directions of a table of numbers. */
export function createCodes<T extends string>(numbers: Readonly<Record<T, number>>): Codes<T> {
  const words: T[] = [];
  for (const word of Object.keys(numbers) as T[]) words[numbers[word]] = word;
  return {
    code: (word) => numbers[word],
    word: (code) => {
      const word = words[code];
      if (word === undefined) throw new RangeError(`no word has the code ${code}`);
      return word;
    },
  };
}

/** The numbers of the states, as SQL texts name them. */
export const stateCode = {
  scheduled: 0,
  ready: 1,
  leased: 2,
  succeeded: 3,
  failed: 4,
  cancelled: 5,
  expired: 6,
} as const satisfies Record<TaskState, number>;

export const states = createCodes<TaskState>(stateCode);

/** Zero is kept free for "no reason". */
export const reasons = createCodes<StateReason>({
  delay: 1,
  backoff: 2,
  unknown_name: 3,
  released: 4,
  lease_expired: 5,
  max_attempts: 6,
  max_deliveries: 7,
  non_retryable: 8,
  rejected: 9,
  result_too_large: 10,
  cancel_requested: 11,
  purged: 12,
  replaced: 13,
  start_overdue: 14,
  at_most_once: 15,
  worker_lost: 16,
});

export const eventKinds = createCodes<TaskEventKind>({
  accepted: 0,
  became_ready: 1,
  leased: 2,
  succeeded: 3,
  retried: 4,
  released: 5,
  lease_expired: 6,
  failed: 7,
  cancel_requested: 8,
  cancelled: 9,
  updated: 10,
  expired: 11,
});

export const attemptOutcomes = createCodes<AttemptOutcome>({
  failed: 0,
  rejected: 1,
  result_too_large: 2,
  unknown_name: 3,
  lease_expired: 4,
});

export const outputKindCodes = createCodes<OutputKind>({ progress: 0, log: 1, chunk: 2 });

/** The number of a reason; 0 for none. */
export const codeOfReason = (reason: StateReason | undefined): number =>
  reason === undefined ? 0 : reasons.code(reason);

/** The reason of a number; undefined for 0. */
export const reasonOfCode = (code: number): StateReason | undefined =>
  code === 0 ? undefined : reasons.word(code);
