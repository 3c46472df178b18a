import { initial } from "./0001-initial.ts";
import { besideTasks } from "./0002-beside-tasks.ts";
import { inbox } from "./0003-inbox.ts";
import { canvases } from "./0004-canvases.ts";
import { schedules } from "./0005-schedules.ts";
import type { Migration } from "./migration.ts";

/** All steps, in order, numbered from 1. */
export const migrations: readonly Migration[] = [initial, besideTasks, inbox, canvases, schedules];
