import { expect, test } from "vitest";
import { defaultNamespace, scheduleIdOf } from "../../../server/src/model/ids.ts";
import { limits } from "../../../server/src/model/limits.ts";
import type { Store } from "../../../server/src/ports/store.ts";
import { createMemoryStore } from "../../../server/src/storage/memory/memory.ts";
import { openBeat, scheduleRefOf, taskTarget } from "../../support/beat-room.ts";
import { newSettings } from "../../support/new-schedule.ts";

/** A beat in which somebody else changes schedule "a" before each of so many writes of it. */
async function openDisturbed(writes: number) {
  const memory = createMemoryStore({ limits });
  let left = 0;
  const store: Store = {
    ...memory,
    async putSchedule(put) {
      if (put.schedule.id === "a" && left > 0) {
        left -= 1;
        await touch(memory);
      }
      return await memory.putSchedule(put);
    },
  };
  const beat = await openBeat({ store });
  return {
    ...beat,
    disturb: () => {
      left = writes;
    },
    apply: (ids: readonly string[], jitterMs: number) =>
      beat.schedules.apply({
        ...{ namespace: defaultNamespace, prunePrefix: undefined, isDryRun: false },
        named: ids.map((id) => ({
          id: scheduleIdOf(id),
          settings: newSettings(beat.clock.now(), { target: taskTarget(), jitterMs }),
        })),
      }),
    async close() {
      await beat.close();
      await memory.close();
    },
  };
}

/** Raises the revision of schedule "a". */
async function touch(store: Store): Promise<void> {
  const [found] = await store.readSchedules([scheduleRefOf("a")]);
  if (found === undefined) throw new Error("it is not there");
  const { revision, progress } = found;
  const schedule = { ...found, revision: revision + 1, progress: { ...progress, round: progress.round + 1 } };
  await store.putSchedule({ schedule, before: { revision, round: progress.round }, records: [] });
}

test("a schedule that changes while it is applied is decided upon again", async () => {
  const beat = await openDisturbed(3);
  await beat.apply(["a"], 0);
  beat.disturb();
  expect(await beat.apply(["a"], 5)).toEqual({
    kind: "applied",
    schedules: [{ id: "a", verdict: "updated", revision: 5, changed: ["jitterMs"] }],
  });
  expect((await beat.schedules.get(scheduleRefOf("a"))).settings.jitterMs).toBe(5);
  await beat.close();
});

test("one that changes again and again is a conflict; what was written stays, and the same can be asked again", async () => {
  const beat = await openDisturbed(10);
  await beat.apply(["a"], 0);
  beat.disturb();
  await expect(beat.apply(["a", "b"], 5)).rejects.toMatchObject({
    problem: { reason: "REVISION_CONFLICT", schedule: "a" },
  });
  expect((await beat.schedules.get(scheduleRefOf("b"))).settings.jitterMs).toBe(5);
  const again = await beat.apply(["a", "b"], 5);
  expect(again).toMatchObject({ schedules: [{ verdict: "updated" }, { verdict: "unchanged", revision: 1 }] });
  await beat.close();
});

test("what is updated goes on from its next slot, and fires", async () => {
  const beat = await openBeat();
  await beat.make({}, "a");
  const { progress } = await beat.schedules.get(scheduleRefOf("a"));
  const settings = { ...(await beat.schedules.get(scheduleRefOf("a"))).settings, description: "new" };
  await beat.schedules.apply({
    ...{ namespace: defaultNamespace, prunePrefix: undefined, isDryRun: false },
    named: [{ id: scheduleIdOf("a"), settings }],
  });
  expect((await beat.schedules.get(scheduleRefOf("a"))).progress.next).toBe(progress.next);
  await beat.skipTo(beat.clock.now() + 10_000);
  expect(await beat.startedSlots("a")).toHaveLength(1);
  await beat.close();
});
