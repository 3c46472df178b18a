/** Resolves in the next turn of the event loop: between pieces of long work, so that others get theirs. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
