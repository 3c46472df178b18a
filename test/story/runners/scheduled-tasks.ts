import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";

/** What a handler was told of its schedule, behind what the one before it in a chain was told. */
export type SeenSlot = { readonly id: string; readonly slotTime: string } | "none";

export const slot = defineTask<[before?: readonly SeenSlot[]], readonly SeenSlot[]>({ name: "slot" });

export const scheduledTasks = [
  implement(defineTask<[], never>({ name: "fail-in-slot" }), () => {
    throw new Error("as it was asked");
  }),
  implement(slot, ({ schedule }, before = []): readonly SeenSlot[] => [
    ...before,
    schedule === undefined ? "none" : { id: schedule.id, slotTime: schedule.slotTime.toISOString() },
  ]),
];
