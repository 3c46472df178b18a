import { gatesOf, type LimitedGate, type Tied } from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import type { Permits } from "./pick.ts";

/** The gates of a store, as far as a claim asks for their permits. */
export type PermitDesk<T> = {
  isLimited(gate: LimitedGate): boolean;
  /** How many more tasks it lets through. */
  capacity(gate: LimitedGate, now: Instant): number;
  /** A task goes back to a gate that has no permit for it. */
  hold(task: T, closed: LimitedGate): void;
};

/** The permits of one claim, as of `now`: each gate is asked once, and counted down here. */
export function createPermits<T extends Tied>(desk: PermitDesk<T>, now: Instant): Permits<T> {
  const left = new Map<string, number>();
  let held = 0;
  const idOf = ({ kind, text }: LimitedGate): string => `${kind} ${text}`;
  const leftAt = (gate: LimitedGate): number => {
    const known = left.get(idOf(gate)) ?? desk.capacity(gate, now);
    left.set(idOf(gate), known);
    return known;
  };
  return {
    get held() {
      return held;
    },
    take(task) {
      const gates = gatesOf(task).filter(desk.isLimited);
      const closed = gates.find((gate) => leftAt(gate) <= 0);
      if (closed !== undefined) {
        held += 1;
        desk.hold(task, closed);
        return false;
      }
      for (const gate of gates) left.set(idOf(gate), leftAt(gate) - 1);
      return true;
    },
  };
}
