import type { Benchmark } from "../support/measure.ts";
import { backlog } from "./backlog.ts";
import { beat } from "./beat.ts";
import { bulk } from "./bulk.ts";
import { canvas } from "./canvas.ts";
import { ceiling } from "./ceiling.ts";
import { drain } from "./drain.ts";
import { drainCeiling } from "./drain-ceiling.ts";
import { fairness } from "./fairness.ts";
import { latency } from "./latency.ts";
import { ofSharedStores } from "./shared-stores.ts";
import { single } from "./single.ts";
import { stuckHead } from "./stuck-head.ts";

/** All of them, in the order in which they run. */
export const benchmarks: readonly Benchmark[] = [
  ceiling,
  drain,
  drainCeiling,
  bulk,
  single,
  latency,
  backlog,
  stuckHead,
  fairness,
  canvas,
  beat,
  ...ofSharedStores,
];
