import { durationMs } from "@bufbuild/protobuf/wkt";
import type { CanvasNode as ProtoNode } from "@stem/proto/stem/v1/canvas_pb";
import { expect, test } from "vitest";
import { z } from "zod";
import { defineTask } from "../define-task.ts";
import { SchemaMismatchError } from "../schema.ts";
import { chain, chord, chunks, group, map, starmap } from "./compose.ts";
import { memberNodes } from "./member-nodes.ts";
import { memberPages, skewed } from "./member-pages.ts";
import { nodeMessage } from "./node-message.ts";

const add = defineTask<[a: number, b: number], number>({
  name: "add",
  options: { queue: "sums", priority: 3, maxAttempts: 2 },
});
const even = defineTask({ name: "even", args: z.tuple([z.number().multipleOf(2)]) });
const bytes = defineTask<Uint8Array, number>({ name: "bytes" });
const size = defineTask<[of: Uint8Array], number>({ name: "size" });
const sum = defineTask<[numbers: number[]], number>({ name: "sum" });

test("a task gets its definition's options, over them those of what it is in, and over all its own", async () => {
  const inner = group(add.signature([1, 2], { priority: 9 })).with({ queue: "inner" });
  const { node } = await nodeMessage(chain(inner).with({ queue: "outer", priority: 5, maxAttempts: 7 }));
  const member = node.case === "chain" ? node.value.steps[0]?.node : undefined;
  expect(member?.case === "group" && member.value.members[0]?.node.value).toMatchObject({
    ...{ name: "add", queue: "inner", args: { data: { value: "[1,2]" } } },
    options: { priority: 9, maxAttempts: 7 },
  });
});

test("links are the node's own, and what takes nothing says so", async () => {
  const linked = add
    .signature([1, 2])
    .link(add.s([5]))
    .linkError(add.signature([0, 0]));
  const message = await nodeMessage(chain(linked, add.s([1]).as(undefined as never)));
  const [first, second] = message.node.case === "chain" ? message.node.value.steps : [];
  expect(first).toMatchObject({
    ignoreInput: true,
    link: [{ task: { name: "add" }, ignoreInput: false }],
    linkError: [{ ignoreInput: true }],
  });
  expect(first?.node.value).toMatchObject({ options: { link: [] } });
  expect(second).toMatchObject({ ignoreInput: false });
});

test("a chord is one where its header is a plain list, and a chain where it is more", async () => {
  const members = group(add.signature([1, 2]));
  expect((await nodeMessage(chord(members, sum.s()))).node).toMatchObject({
    case: "chord",
    value: { header: [{ node: { case: "task" } }], gathering: { onMemberFailure: 1 } },
  });
  const more = [chord(members.link(add.signature([0, 0])), sum.s()), chord(map(add.s([1]), [2]), sum.s())];
  for (const canvas of more) expect((await nodeMessage(canvas)).node.case).toBe("chain");
  const carrying = chord(members.gather({ onMemberFailure: "wait", skewMs: 100 }), sum.s());
  expect((await nodeMessage(carrying)).node).toMatchObject({
    value: { gathering: { onMemberFailure: 2, skew: { nanos: 100_000_000 } } },
  });
});

test("items travel with their task once, or each by itself where they cannot", async () => {
  expect((await nodeMessage(map(add.s([1]), [2, 3]))).node).toMatchObject({
    case: "map",
    value: { task: { name: "add" }, items: [{ data: { value: "2" } }, { data: { value: "3" } }] },
  });
  expect((await nodeMessage(starmap(add, [[1, 2]]))).node).toMatchObject({ case: "starmap" });
  expect((await nodeMessage(chunks(sum, [1, 2, 3], 2))).node).toMatchObject({
    case: "chunks",
    value: { size: 2 },
  });
  function* numbers() {
    yield* [1, 2, 3];
  }
  for (const canvas of [chunks(sum, numbers(), 2), map(add.s([1], { id: "a" }).link(add.s([1])), [1, 2])])
    expect((await nodeMessage(canvas)).node).toMatchObject({
      case: "group",
      value: { members: { length: 2 } },
    });
});

test("arguments that are all there are checked, wherever they are", async () => {
  await nodeMessage(chain(even.signature([2]), even.s()));
  const wrong = [
    even.signature([1]),
    chain(even.signature([2]), group(even.signature([3]))),
    map(even, [2, 3]),
    add.signature([1, 2]).link(even.signature([1])),
    group(add.signature([1, 2])).gather({ linkCompleted: [even.signature([1])] }),
  ];
  for (const canvas of wrong) await expect(nodeMessage(canvas)).rejects.toThrow(SchemaMismatchError);
  await expect(nodeMessage(bytes.signature(new Uint8Array([1])))).resolves.toMatchObject({
    node: { value: { args: { data: { case: "binary" } } } },
  });
  await expect(nodeMessage(size.signature([new Uint8Array([1])]))).resolves.toBeDefined();
  await expect(nodeMessage(group().gather({ skewMs: -1 }))).rejects.toThrow("skewMs must be");
});

async function pagesOf(count: number, limits: { tasksMax: number; bytesMax: number }): Promise<number[]> {
  const members = group(Array.from({ length: count }, (_, at) => chain(add.signature([at, 1]), add.s([1]))));
  const pages = await Array.fromAsync(memberPages(memberNodes(members.content), {}, limits));
  expect(pages.map(({ isLast }) => isLast)).toEqual(pages.map((_, at) => at === pages.length - 1));
  return pages.map(({ members: { length } }) => length);
}

test("pages are cut by tasks and by bytes, never a member, and there is at least one", async () => {
  expect(await pagesOf(5, { tasksMax: 4, bytesMax: 1e6 })).toEqual([2, 2, 1]);
  expect(await pagesOf(3, { tasksMax: 1, bytesMax: 1e6 })).toEqual([1, 1, 1]);
  expect(await pagesOf(3, { tasksMax: 100, bytesMax: 10 })).toEqual([1, 1, 1]);
  expect(await pagesOf(0, { tasksMax: 4, bytesMax: 1e6 })).toEqual([0]);
});

test("a skew puts off what begins, and nothing behind it", async () => {
  const at = new Date(1000);
  const node = await nodeMessage(
    group(
      chain(add.signature([1, 2], { delayMs: 5 }), add.s([1])),
      chord(group(add.signature([1, 2], { notBefore: at })), sum.s()),
      map(add.s([1]), [1]),
    ),
  );
  const startOf = ({ node: made }: ProtoNode): unknown => {
    const task = made.case === "task" ? made.value : made.case === "map" ? made.value.task : undefined;
    const start = task?.options?.start;
    return start?.case === "delay" ? durationMs(start.value) : Number(start?.value?.seconds ?? -1);
  };
  const members = skewed(node, 2000).node;
  const [first, second, third] = members.case === "group" ? members.value.members : [];
  expect(first?.node.case === "chain" && first.node.value.steps.map(startOf)).toEqual([2005, -1]);
  expect(
    second?.node.case === "chord" &&
      [...second.node.value.header, second.node.value.body as ProtoNode].map(startOf),
  ).toEqual([3, -1]);
  expect(third && startOf(third)).toBe(2000);
});
