/** A fake client has no queues, workers or records for operators to work on. */
export class NoServerError extends Error {
  override readonly name = "NoServerError";
}

/** Operators' verbs of a fake client: each throws NoServerError, naming what was called. */
export const noOperators = <T extends object>(facade: string): T =>
  new Proxy({} as T, {
    get: (_, verb) => () => {
      throw new NoServerError(
        `${facade}.${String(verb)} needs a server; a fake client only records what is enqueued`,
      );
    },
  });
