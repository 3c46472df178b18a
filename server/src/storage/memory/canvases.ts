import type { Barrier, KeptMember, Member, Part } from "../../model/canvas.ts";
import type { BarrierId, CanvasId, PartId } from "../../model/ids.ts";
import { keptLink } from "./kept-link.ts";

/** A barrier, and its members that have ended. */
export type BarrierEntry = { seq: number; barrier: Barrier; readonly members: Map<number, Member> };

/** The canvases of a namespace. */
export type Canvases = {
  nextSeq: number;
  readonly barriers: Map<BarrierId, BarrierEntry>;
  readonly parts: Map<CanvasId, Map<PartId, Part>>;
};

export const createCanvases = (): Canvases => ({ nextSeq: 1, barriers: new Map(), parts: new Map() });

/** Keeps a barrier as it is now. */
export function putBarrier(canvases: Canvases, barrier: Barrier): void {
  const entry = canvases.barriers.get(barrier.id);
  if (entry !== undefined) entry.barrier = barrier;
  else {
    canvases.barriers.set(barrier.id, { seq: canvases.nextSeq, barrier, members: new Map() });
    canvases.nextSeq += 1;
  }
}

/** Keeps a member that has ended. False: its index was there. */
export function keepMember({ barriers }: Canvases, { barrier, ...member }: KeptMember): boolean {
  const members = barriers.get(barrier)?.members;
  if (members === undefined || members.has(member.index)) return false;
  members.set(member.index, member);
  return true;
}

/** Keeps what starts later. */
export function keepParts({ parts }: Canvases, canvas: CanvasId, more: readonly Part[]): void {
  const known = parts.get(canvas) ?? new Map<PartId, Part>();
  for (const part of more) known.set(part.id, keptPart(part));
  parts.set(canvas, known);
}

const keptPart = (part: Part): Part => ({
  ...part,
  barriers: part.barriers.map((barrier) => ({ ...barrier, callbacks: barrier.callbacks.map(keptLink) })),
  tasks: part.tasks.map(keptLink),
});
