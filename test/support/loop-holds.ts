/**
 * How long the event loop is held at a time, in processor time of its own thread. Wall time would tell how busy the machine is: on a
 * shared one a loop that does nothing may wait for seconds.
 */

/** A watch over the loop of the calling thread. Times are in ms. */
export type LoopHolds = {
  start(): void;
  stop(): void;
  /** The longest hold while it watched. */
  max(): number;
  /** As long as 99 of a hundred holds at most. */
  percentile99(): number;
};

const intervalMs = 10;

/** Makes a watch that does not run yet. What is counted between two looks includes the little that is done within one interval. */
export function watchLoop(): LoopHolds {
  const holds: number[] = [];
  let timer: NodeJS.Timeout | undefined;

  return {
    start() {
      let before = spentMs();
      timer = setInterval(() => {
        const now = spentMs();
        holds.push(now - before);
        before = now;
      }, intervalMs);
      timer.unref();
    },
    stop() {
      clearInterval(timer);
    },
    max: () => Math.max(0, ...holds),
    percentile99: () => holds.toSorted((a, b) => a - b)[Math.floor(holds.length * 0.99)] ?? 0,
  };
}

function spentMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
