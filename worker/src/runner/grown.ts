import { nodeMessage } from "@stem/sdk/internal";
import type { HeldLease } from "../lease.ts";
import { Replacement } from "../replacement.ts";
import { failed, type Outcome, replaced, succeeded } from "../settlement.ts";

/** Whether a handler has changed the canvas of its task. */
export const growsCanvas = (value: unknown, lease: HeldLease): boolean =>
  value instanceof Replacement || lease.newMembers !== undefined;

/** The outcome with what the handler does to the canvas of its task: others in its place, or further members of its group. */
export async function grown(value: unknown, lease: HeldLease, outcome: () => Outcome): Promise<Outcome> {
  const { newMembers = [] } = lease;
  try {
    if (!(value instanceof Replacement)) {
      const said = outcome();
      if (said.case !== "succeeded") return said;
      const members = await Promise.all(newMembers.map(nodeMessage));
      return succeeded(said.value.result, [...said.value.newMembers, ...members]);
    }
    if (newMembers.length > 0)
      throw new TypeError(
        "a task that is replaced has no members to add: make them part of what replaces it",
      );
    return value.node === undefined ? outcome() : replaced(await nodeMessage(value.node));
  } catch (error) {
    // Another attempt would come to the same.
    return failed(error, true);
  }
}
