import { createHash } from "node:crypto";

/**
 * The advisory locks of a store: pairs of a class, made of the schema's name, and a number. `regime` is held by every write for its
 * transaction, shared; whoever changes a rule that others go by without looking (a limit, a revoked id, the layout) has it alone, and so
 * knows that nobody is between having looked and having written. A connection that writes has one of `slots` for as long as it lives.
 */
export const regimeLock = 0;

/** How many servers may work on one store at once, and how many connections write: two a server. */
export const serversMax = 64;
export const slotsMax = 2 * serversMax;

/** Numbers behind the slots: the gates of a namespace, by its number. */
export const gatesLock = (namespace: number): number => 1000 + namespace;

/** Numbers below those: what may come into a namespace, by its number. */
export const roomsLock = (namespace: number): number => -1 - namespace;

/** The class of a schema's locks. */
export const lockClassOf = (schema: string): number =>
  createHash("sha256").update(`stem ${schema}`).digest().readUInt32BE(0) >>> 1;
