import { tell } from "./child.ts";
import { quantile } from "./measure.ts";
import { machineMs } from "./tasks.ts";

/** What is measured: the waits of `count` tasks, after `warmUp` others. */
export type PickUps = { readonly count: number; readonly warmUp: number };

/** Gathers waits, and tells the parent their quantiles when all have started. */
export function pickUpTimes({ count, warmUp }: PickUps): { started(enqueuedAtMs: number): void } {
  const waits: number[] = [];
  let warm = 0;
  return {
    started: (enqueuedAtMs) => {
      if (warm++ < warmUp) return;
      waits.push(machineMs() - enqueuedAtMs);
      if (waits.length !== count) return;
      waits.sort((a, b) => a - b);
      const [p50, p99, last] = [quantile(waits, 0.5), quantile(waits, 0.99), waits.at(-1)];
      tell({ p50, p99, last, handled: waits.length, count });
    },
  };
}
