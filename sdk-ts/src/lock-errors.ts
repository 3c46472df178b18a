/** A lock that was held is no longer: the reason of its signal. What it protects may be another's now. */
export class LockLostError extends Error {
  override readonly name = "LockLostError";
  readonly key: string;

  constructor(key: string, why: string, options?: ErrorOptions) {
    super(`the lock ${key} was lost: ${why}`, options);
    this.key = key;
  }
}
