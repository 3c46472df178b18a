import { setTimeout as sleep } from "node:timers/promises";

/** Lets time pass, for what a run is about: load, faults, and handlers that take their time. */
export const pass = (ms: number, signal?: AbortSignal): Promise<void> => sleep(ms, undefined, { signal });
