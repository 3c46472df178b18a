// As long as a timer can be; it is only there to be waited for.
const roundMs = 2_147_483_647;

/** Keeps the process running, as an open port does, until what it answers is called. */
export function keepAlive(): () => void {
  const timer = setInterval(() => undefined, roundMs);
  return () => clearInterval(timer);
}
