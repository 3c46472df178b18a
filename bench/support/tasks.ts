import { defineTask } from "@stem/sdk";

/** What every benchmark's task carries, on both sides: about a hundred bytes of JSON. */
export type Payload = { readonly n: number; readonly text: string };

const text = "0123456789abcdef".repeat(5);

/** The payload of task number `n`. */
export const payload = (n: number): Payload => ({ n, text });

/** A task that does nothing. */
export const noop = defineTask<[payload: Payload]>({ name: "noop" });

/** A task that tells when it was started; its argument is when it was enqueued, both by this machine's clock. */
export const timed = defineTask<[enqueuedAtMs: number]>({ name: "timed" });

/** Milliseconds that processes of this machine can compare. */
export const machineMs = (): number => performance.timeOrigin + performance.now();

/** Does something so many times, a hundred at once. */
export async function inLanes(count: number, run: (n: number) => Promise<void>): Promise<void> {
  const next = Array.from({ length: count }, (_, n) => n).values();
  const lane = async (): Promise<void> => {
    for (const n of next) await run(n);
  };
  await Promise.all(Array.from({ length: 100 }, lane));
}
