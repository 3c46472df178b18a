import { expect, test } from "vitest";
import { bytesOf, defaultPolicy, defaultQueue } from "../../../test/support/new-task.ts";
import type { HandedValue } from "../model/canvas-value.ts";
import { barrierIdOf, canvasIdOf, defaultNamespace, instantOf, taskIdOf, taskNameOf } from "../model/ids.ts";
import type { Claimed } from "../ports/task-store.ts";
import { createAssembling } from "./assembling.ts";

/** A task that follows this barrier. */
const follower = (id: string, barrier: string): Claimed => ({
  ...{ id: taskIdOf(id), queue: defaultQueue, fence: { epoch: 1, seq: 1 }, createdAt: instantOf(0) },
  ...{ content: bytesOf("own"), policy: defaultPolicy, attempt: 1, deliveries: 1 },
  input: {
    ...{ from: taskIdOf(barrier), fromName: taskNameOf(""), rootId: taskIdOf("r"), on: "succeeded" },
    ...{ isHanded: true, member: undefined, data: undefined, reason: undefined, attempt: 0, isBarrier: true },
  },
});

test("tasks of one claim are handed lists by value until that is as much as one may be handed, and then by reference, each list read once", async () => {
  const read: string[] = [];
  const given: (HandedValue | undefined)[] = [];
  const ready = createAssembling({
    limits: { canvasInputBytesMax: 100 },
    async readHanded({ id }) {
      read.push(id);
      const value = { kind: "result", data: bytesOf("x".repeat(60)) } as const;
      return { canvas: canvasIdOf("c"), barrier: barrierIdOf(id), size: 1, value };
    },
    assemble(content, _input, value) {
      given.push(value);
      const data = value?.value?.kind === "result" ? value.value.data : undefined;
      return { content: Buffer.concat([content, data ?? bytesOf("where it is")]) };
    },
    reject: async () => expect.unreachable(),
  });
  const tasks = [follower("1", "a"), follower("2", "a"), follower("3", "b"), follower("4", "a")];
  expect(await ready(defaultNamespace, tasks)).toHaveLength(4);
  expect(given.map((value) => value?.value !== undefined)).toEqual([true, true, false, false]);
  expect(given[2]).toMatchObject({ barrier: "b", size: 1 });
  expect(read).toEqual(["a", "b"]);
});
