import { expect, test } from "vitest";
import { group, leaf, newCanvas } from "../../../../../test/support/new-canvas.ts";
import { openSqliteWriter } from "../../../../../test/support/sqlite-writer.ts";
import { defaultNamespace, instantOf, taskIdOf } from "../../../model/ids.ts";
import { transition } from "../../../model/task-machine.ts";
import { stateCode } from "../../sql/codes.ts";
import { command } from "../files/connection.ts";
import { createReadRest } from "./read-rest.ts";

const now = instantOf(1_800_000_000_000);
const cancel = { kind: "cancel", cancel: { reason: "", requester: "r", at: now } } as const;

/** A group of nine tasks, whose rest is read three at a time. */
function aGroup() {
  const { reader, run } = openSqliteWriter(now);
  const members = Array.from({ length: 9 }, (_, at) => leaf(`m${at}`, {}, { ownId: taskIdOf(`m${at}`) }));
  const { bulk: _, ...canvas } = newCanvas("c", group("wait", ...members));
  run((calls) => calls.submitCanvas({ ...canvas, parts: [] }, now));
  const [barrier] = canvas.start.barriers;
  if (barrier === undefined) throw new Error("a group is a barrier");
  const ref = { namespace: defaultNamespace, id: barrier.id };
  const readRest = createReadRest(reader);
  return {
    reader,
    /** What the one that reads again and again finds, and one that has read nothing before. */
    next: () => readRest(ref, 3).tasks.map(({ id }) => id),
    anew: () => createReadRest(reader)(ref, 3).tasks.map(({ id }) => id),
    end(...ids: readonly string[]): void {
      const heads = createReadRest(reader)(ref, 9).tasks.filter(({ id }) => ids.includes(id));
      const changes = heads.flatMap((head) => {
        const change = transition(head, cancel, now);
        const own = { ref: { namespace: head.namespace, id: head.id }, revision: head.revision };
        return change ? [{ ...own, leaseUntilBefore: undefined, change, now }] : [];
      });
      expect(run((calls) => calls.apply(changes))).toEqual(ids.map(() => "applied"));
    },
  };
}

test("a sweep goes on where it was, and comes back to what it had to leave alone", () => {
  const { next, end } = aGroup();
  expect(next()).toEqual(["m0", "m1", "m2"]);
  end("m0", "m2");
  expect(next()).toEqual(["m1", "m3", "m4"]);
  end("m1", "m3", "m4", "m5", "m6", "m7", "m8");
  expect(next()).toEqual([]);
  expect(next()).toEqual([]);
});

test("a read looks at nothing below what the last one found first", () => {
  const { reader, next, anew, end } = aGroup();
  end("m0", "m1", "m2", "m3");
  expect(next()).toEqual(["m4", "m5", "m6"]);
  // As no task ever does, the first one goes on again.
  command(
    reader,
    `UPDATE tasks SET state = ${stateCode.ready}, cancel_at = NULL WHERE seq = (SELECT min(seq) FROM tasks)`,
  )();
  expect(anew()).toEqual(["m0", "m4", "m5"]);
  expect(next()).toEqual(["m4", "m5", "m6"]);
});
