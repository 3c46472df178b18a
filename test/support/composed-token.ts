/** Where a lease token says what it is for: fence and task id. Before that is whose it is, and the proof. */
const nameAt = 25;

/** What a worker might make of a token that it was given and of what it knows or guesses of another lease. */
export const composedToken = (own: Uint8Array, other: Uint8Array): Uint8Array =>
  Uint8Array.from([...own.subarray(0, nameAt), ...other.subarray(nameAt)]);
