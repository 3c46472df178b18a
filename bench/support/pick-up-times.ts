import { tell } from "./child.ts";
import { quantile } from "./measure.ts";
import { machineMs } from "./tasks.ts";

/** Gathers the waits of `count` tasks and tells the parent their quantiles when all have started. */
export function pickUpTimes(count: number): { started(enqueuedAtMs: number): void } {
  const waits: number[] = [];
  return {
    started: (enqueuedAtMs) => {
      waits.push(machineMs() - enqueuedAtMs);
      if (waits.length !== count) return;
      waits.sort((a, b) => a - b);
      tell({ p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), handled: waits.length, count });
    },
  };
}
