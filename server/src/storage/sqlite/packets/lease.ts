import { namespaceOf, type TaskRef, taskIdOf } from "../../../model/ids.ts";
import type { Fence } from "../../../model/task.ts";
import type { LeaseLostReason, LeaseRef } from "../../../ports/task-store.ts";
import { createCodes, states } from "../../sql/codes.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** Why leases are lost, as numbers between threads. */
const lostReasons = createCodes<LeaseLostReason>({
  superseded: 0,
  cancelled: 1,
  settled: 2,
  task_unknown: 3,
});

export function writeRef(to: PacketWriter, { namespace, id }: TaskRef): void {
  to.word(namespace);
  to.text(id);
}

export const readRef = (from: PacketReader): TaskRef => ({
  namespace: namespaceOf(from.word()),
  id: taskIdOf(from.text()),
});

export function writeFence(to: PacketWriter, { epoch, seq }: Fence): void {
  to.number(epoch);
  to.number(seq);
}

export const readFence = (from: PacketReader): Fence => ({ epoch: from.number(), seq: from.number() });

export function writeLeaseRef(to: PacketWriter, lease: LeaseRef): void {
  writeRef(to, lease);
  writeFence(to, lease.fence);
}

export const readLeaseRef = (from: PacketReader): LeaseRef => ({
  namespace: namespaceOf(from.word()),
  id: taskIdOf(from.text()),
  fence: readFence(from),
});

/** A lease that is not held, as settle and extend answer it. */
export type Lost = { readonly state: LeaseState; readonly why: LeaseLostReason };
type LeaseState = Parameters<typeof states.code>[0] | undefined;

export function writeLost(to: PacketWriter, { state, why }: Lost): void {
  to.number(state === undefined ? -1 : states.code(state));
  to.number(lostReasons.code(why));
}

export function readLost(from: PacketReader): Lost {
  const code = from.number();
  return { state: code < 0 ? undefined : states.word(code), why: lostReasons.word(from.number()) };
}
