import { initial } from "./0001-initial.ts";
import { deadLetters } from "./0002-dead-letters.ts";
import type { Migration } from "./migration.ts";

/** All steps, in order, numbered from 1. */
export const migrations: readonly Migration[] = [initial, deadLetters];
