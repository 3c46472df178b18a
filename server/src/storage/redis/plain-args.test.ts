import { expect, test } from "vitest";
import { newTask, tiesOf } from "../../../../test/support/new-task.ts";
import { instantOf, taskNameOf } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { plainArgs } from "./plain-args.ts";
import { numberAt, restIn, textsIn } from "./row-bytes.ts";
import { plainTasksMax } from "./scripts/accept-plain.ts";
import { seqDigits } from "./scripts/task-fields.ts";

const now = instantOf(1_800_000_000_000);
const many = (count: number, detail: (at: number) => Partial<NewTask> = () => ({})) =>
  Array.from({ length: count }, (_, at) => newTask(`task-${at}`, detail(at) as object));

test("tasks that share all but id and content are of one kind", () => {
  const [kinds, items] = plainArgs(many(3), now, false) as [unknown[], unknown[]];
  expect(kinds).toHaveLength(1);
  expect(items).toHaveLength(3 * 5);
});

test("a row put together of its parts is the task's", () => {
  const task = newTask("ä-task", { ties: tiesOf({ labels: { gpu: "yes" } }), policy: { leaseMs: 5000 } });
  const [kinds, items] = plainArgs([task], now, false) as [[[string, string, Buffer, Buffer, string]], never];
  const [[queue, lane, texts, rest, name]] = kinds;
  const [, id, head, hash, content] = items as [number, string, Buffer, string, Uint8Array];
  const place = Buffer.from("7".padStart(seqDigits, "0"));
  const row = Buffer.concat([head, place, Buffer.from(id), texts, Buffer.from(hash), rest]);
  const read = textsIn(row);
  expect([read.id, read.queue, read.hash].map(String)).toEqual(["ä-task", queue, hash]);
  expect([name, content, lane]).toEqual([task.name, task.content, `${task.priority} gpu=yes`]);
  expect(String(restIn(row, read)("lane"))).toBe("gpu=yes");
  expect(restIn(row, read)("claimKey")).toBe(false);
  expect(numberAt(row, "createdAt")).toBe(now);
  expect(numberAt(row, "leaseMs")).toBe(5000);
  expect(numberAt(row, "bytes")).toBe(task.content.length);
  expect(numberAt(row, "fence")).toBeUndefined();
});

test("one task that is anything but plain sends its batch the other way", () => {
  const others: Partial<NewTask>[] = [
    { tags: ["red"] },
    { notBefore: now },
    { ties: tiesOf({ limitKey: "customer" }) },
    { ties: tiesOf({ orderingKey: "customer" }) },
    { ties: tiesOf({ fairnessKey: "customer" }) },
    { replayOf: newTask("before").id },
  ];
  for (const other of others)
    expect(plainArgs([newTask("a"), newTask("b", other as object)], now, false)).toBeUndefined();
  expect(plainArgs([newTask("a", { policy: { startWithinMs: 1000 } })], now, false)).toBeUndefined();
});

test("so does an id that comes twice, and what is more than one command or one table of kinds can take", () => {
  expect(plainArgs([newTask("a"), newTask("a")], now, false)).toBeUndefined();
  expect(plainArgs(many(plainTasksMax), now, true)).toBeDefined();
  expect(plainArgs(many(plainTasksMax + 1), now, true)).toBeUndefined();
  const ofKinds = (count: number) => many(count, (at) => ({ name: taskNameOf(`name-${at}`) }));
  expect(plainArgs(ofKinds(16), now, false)).toBeDefined();
  expect(plainArgs(ofKinds(17), now, false)).toBeUndefined();
});
