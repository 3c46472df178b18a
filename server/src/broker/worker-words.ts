/** What is said to workers, and by them. */

export type { SaidOutcome } from "./growth.ts";
export type { Lease, LeaseVerdict, LostReason } from "./lease.ts";
export type { QueueBacklog, Session, SessionEvents, SessionHello } from "./session.ts";
export type { SettleVerdict, TokenSettlement } from "./settle.ts";
export type { UnaryLease, UnaryLeased } from "./unary-lease.ts";
