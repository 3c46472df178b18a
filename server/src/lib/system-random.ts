import { randomBytes } from "node:crypto";
import { createUuidV7 } from "./uuid-v7.ts";

/** What chance offers; the Random port has the same shape, and lib knows no ports. */
export type SystemRandom<Id extends string> = {
  chance(): number;
  taskId(): Id;
  bytes(length: number): Uint8Array;
};

/** Real chance: task ids are UUIDv7 in strictly rising order, bytes are unguessable. */
export function createSystemRandom<Id extends string = string>(): SystemRandom<Id> {
  const uuid = createUuidV7({ nowMs: Date.now, randomBytes });
  return {
    chance: Math.random,
    taskId: () => uuid() as Id,
    bytes: (length) => randomBytes(length),
  };
}
