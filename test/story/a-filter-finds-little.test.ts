import { expect, test } from "vitest";
import type { BatchOutcome, TaskFilter } from "../../server/src/broker/broker.ts";
import { defaultNamespace, taskNameOf } from "../../server/src/model/ids.ts";
import { noEdit } from "../../server/src/model/task-edit.ts";
import { openRooms } from "../support/rooms.ts";

/** All tasks of a name. */
const named = (name: string): TaskFilter => ({
  ...{ namespace: defaultNamespace, states: [], queue: undefined, name: taskNameOf(name), tag: undefined },
  ...{ createdFrom: undefined, createdTo: undefined, ids: undefined },
});

test("a filter that finds nearly nothing among many tasks looks at so many a call, and goes on where it ended", async () => {
  const rooms = await openRooms({ limits: { scannedTasksMax: 100 } });
  await rooms.enqueue({ id: "rare", name: taskNameOf("rare"), start: { delayMs: 60_000 } });
  await rooms.enqueue(...Array.from({ length: 499 }, (_, at) => ({ id: `t${at}` })));
  const outcomes: BatchOutcome[] = [];
  let after: number | undefined;
  do {
    const batch = { filter: named("rare"), limit: 1000, after, dryRun: false };
    outcomes.push(await rooms.broker.editTasks(batch, { ...noEdit, start: rooms.clock.now() }));
    after = outcomes.at(-1)?.cursor;
  } while (after !== undefined);
  expect(outcomes.map(({ matched, changed }) => [matched, changed])).toEqual([
    ...[
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    [1, 1],
  ]);
  expect(await rooms.read("rare")).toMatchObject({ state: "ready" });
  await rooms.close();
});

test("a filter that finds much is worked through in one call, whatever lies between", async () => {
  const rooms = await openRooms({ limits: { scannedTasksMax: 100, batchTasksMax: 10 } });
  await rooms.enqueue(
    ...Array.from({ length: 300 }, (_, at) => ({ id: `t${at}`, name: taskNameOf(at % 2 ? "odd" : "even") })),
  );
  const batch = { filter: named("odd"), limit: 1000, after: undefined, dryRun: false };
  const outcome = await rooms.broker.cancelTasks(batch, { reason: "" });
  expect(outcome).toEqual({ matched: 150, changed: 150, cursor: undefined });
  await rooms.close();
});
