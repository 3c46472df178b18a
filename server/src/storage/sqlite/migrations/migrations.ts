import { initial } from "./0001-initial.ts";
import { locks } from "./0002-locks.ts";
import type { Migration } from "./migration.ts";

/** All steps, in order, numbered from 1. */
export const migrations: readonly Migration[] = [initial, locks];
