import { expect, test } from "vitest";
import { group, leaf, newCanvas } from "../../../../../test/support/new-canvas.ts";
import { openSqliteWriter } from "../../../../../test/support/sqlite-writer.ts";
import { barrierIdOf, defaultNamespace, instantOf, taskIdOf } from "../../../model/ids.ts";
import { transition } from "../../../model/task-machine.ts";
import { query } from "../files/connection.ts";
import { placeColumns, placeOn } from "./places.ts";
import { createReadRest } from "./read-rest.ts";

const now = instantOf(1_800_000_000_000);
const cancel = { kind: "cancel", cancel: { reason: "", requester: "r", at: now } } as const;

/** A file with a group of these members, and one more before it, for which their queue was made. */
function aGroup(...names: readonly string[]) {
  const { reader, run } = openSqliteWriter(now);
  const groupOf = (id: string, ids: readonly string[]) => {
    const members = ids.map((name) => leaf(name, {}, { ownId: taskIdOf(name) }));
    const { bulk: _, ...canvas } = newCanvas(id, group("wait", ...members));
    run((calls) => calls.submitCanvas({ ...canvas, parts: [] }, now));
    return canvas;
  };
  groupOf("before", ["z"]);
  const canvas = groupOf("c", names);
  const [barrier] = canvas.start.barriers;
  const rows = query<[seq: number, count: number]>(reader, "SELECT seq, count FROM places ORDER BY seq");
  const where = query<[number, number]>(
    reader,
    `SELECT ${placeColumns("c.seq")} FROM contents c LEFT JOIN places p ON ${placeOn("c.seq")} WHERE c.id = ?`,
  );
  return {
    reader,
    run,
    rows: () => rows.all().slice(1),
    indexOf: (id: string) => where.get(id)?.[1],
    rest: () =>
      createReadRest(reader)({ namespace: defaultNamespace, id: barrier?.id ?? barrierIdOf("none") }, 10),
  };
}

test("members that came together have one row, and each its own index", () => {
  const { rows, indexOf } = aGroup("a", "b", "c");
  expect(rows().map(([, count]) => count)).toEqual([3]);
  expect(["a", "b", "c"].map(indexOf)).toEqual([0, 1, 2]);
});

test("whoever is behind them is nowhere, and whoever is before them where it was", () => {
  const { reader, rows } = aGroup("a", "b");
  const [first = 0] = rows()[0] ?? [];
  const at = query<[number]>(reader, `SELECT p.seq FROM places p WHERE ${placeOn("?1")}`);
  const found = [first - 2, first - 1, first, first + 1, first + 2].map((seq) => at.get(seq)?.[0]);
  expect(found).toEqual([undefined, first - 1, first, first, undefined]);
});

test("a record that is removed leaves the others where they are", () => {
  const { run, rows, indexOf, rest } = aGroup("a", "b", "c");
  const head = rest().tasks.find(({ id }) => id === "b");
  const change = head && transition(head, cancel, now);
  if (!change) throw new Error("a task that waits can be cancelled");
  const ref = { namespace: defaultNamespace, id: taskIdOf("b") };
  run((calls) => calls.apply([{ ref, revision: head.revision, leaseUntilBefore: undefined, change, now }]));
  expect(run((calls) => calls.remove([ref], now))).toEqual(["removed"]);
  expect(rest().tasks.map(({ id }) => id)).toEqual(["a", "c"]);
  expect(rows().map(([, count]) => count)).toEqual([3]);
  expect(["a", "c"].map(indexOf)).toEqual([0, 2]);
});
