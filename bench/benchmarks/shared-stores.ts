import type { Benchmark } from "../support/measure.ts";
import { pgBulk } from "./pg-bulk.ts";
import { pgDrain } from "./pg-drain.ts";
import { pgDrainBoss } from "./pg-drain-boss.ts";
import { redisBulk } from "./redis-bulk.ts";
import { redisDrain } from "./redis-drain.ts";

/** What is measured of the stores that several servers may share, each beside peers on the same program. */
export const ofSharedStores: readonly Benchmark[] = [redisDrain, redisBulk, pgDrain, pgDrainBoss, pgBulk];
