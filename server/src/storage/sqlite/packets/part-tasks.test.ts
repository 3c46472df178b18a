import { expect, test } from "vitest";
import { group, leaf, newCanvas } from "../../../../../test/support/new-canvas.ts";
import type { PartTask } from "../../../model/canvas.ts";
import { queueNameOf, taskIdOf } from "../../../model/ids.ts";
import { packed } from "./coder.ts";
import { readPartTasks, writePartTasks } from "./part-tasks.ts";

const aCoder = () => packed<readonly PartTask[]>(writePartTasks, readPartTasks);
const coder = aCoder();

/** Members of a group: what a test names, each with a content of its own. */
const members = (...details: readonly Parameters<typeof leaf>[1][]): PartTask[] => {
  const leaves = details.map((each, at) =>
    leaf(`content ${at}`, each, { ownId: taskIdOf(`m${at}`), hands: undefined }),
  );
  return [...newCanvas("c", group("wait", ...leaves)).start.tasks];
};

/** What is the same to a store. */
const said = ({ id, task, hands, isStartFixed, expireAt, acceptedAt }: PartTask) => {
  const { content, name, queue, priority, policy, place, next, tags } = task;
  const own = { content: [...content], name, queue, priority, policy, place, next, tags };
  return { id, own, hands, isStartFixed, expireAt, acceptedAt };
};

const read = (tasks: readonly PartTask[]) => coder.decode(coder.encode(tasks).data).map(said);
/** How many bytes the numbers of a packet take whose room is as large as it need be, which follows the one before it. */
function numbersIn(tasks: readonly PartTask[]): number {
  const own = aCoder();
  own.encode(tasks);
  return own.encode(tasks).transfer[0]?.byteLength ?? 0;
}

test("members that are alike come back as they were, in a fifth of the numbers", () => {
  const alike = members(...new Array<object>(1000).fill({}));
  expect(read(alike)).toEqual(alike.map(said));
  const unlike = members(...Array.from({ length: 1000 }, (_, at) => ({ priority: at % 2 })));
  expect(read(unlike)).toEqual(unlike.map(said));
  expect(numbersIn(alike) * 5).toBeLessThan(numbersIn(unlike));
});

test("whatever is not like the one before it crosses whole", () => {
  const [a, b, c, d, e, f] = members(
    {},
    { queue: queueNameOf("far") },
    {},
    { tags: ["t"] },
    {},
    { priority: 1 },
  );
  const tasks = [a, c, b, e, d, f, a].flatMap((task) => task ?? []);
  expect(read(tasks)).toEqual(tasks.map(said));
  expect(read([])).toEqual([]);
});
