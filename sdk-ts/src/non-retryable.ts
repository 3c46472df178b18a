// Registered, so that it is the same in every copy of this module that a process has loaded.
const mark: unique symbol = Symbol.for("stem.NonRetryable");

/**
 * Thrown by a handler, itself or a class of its own that extends it: trying again cannot help. The task fails for good, whatever
 * attempts are left.
 */
export class NonRetryable extends Error {
  override readonly name: string = "NonRetryable";
  // Of the class, and not of each error: those that cross over to another thread or process keep it.
  get [mark](): true {
    return true;
  }
}

/** Whether something thrown is a NonRetryable, of whichever copy of this module. */
export const isNonRetryable = (thrown: unknown): boolean =>
  typeof thrown === "object" && thrown !== null && mark in thrown;
