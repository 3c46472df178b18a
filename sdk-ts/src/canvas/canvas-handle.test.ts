import { Code, ConnectError, createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import {
  type AddCanvasMembersRequest,
  CanvasService,
  type SubmitCanvasRequest,
} from "@stem/proto/stem/v1/canvas_service_pb";
import { expect, onTestFinished, test } from "vitest";
import { createClient } from "../client.ts";
import { defineTask } from "../define-task.ts";
import { createTestClock } from "../testing/test-clock.ts";
import { group } from "./compose.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });

type Implementation = Partial<ServiceImpl<typeof CanvasService>>;

/** A client of a server that does only this. */
function clientOf(implementation: Implementation, publishRetry: object | false = { baseDelayMs: 1 }) {
  const transport = createRouterTransport(({ service }) => void service(CanvasService, implementation));
  const stem = createClient({ calls: transport, waits: transport }, { namespace: "shop", publishRetry });
  onTestFinished(() => stem.close());
  return stem;
}

/** Fails each call once, as a server does that is away, although it has stored what it was sent. */
const awayAtFirst = () => {
  const seen = new Set<string>();
  return (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    throw new ConnectError("away", Code.Unavailable);
  };
};

test("a large group is one call, and goes in pages where a server takes no more than those", async () => {
  let itemsMax = 10_000;
  const sizes: number[] = [];
  const stem = clientOf({
    submitCanvas({ id, root }: SubmitCanvasRequest) {
      const members = root?.node.case === "group" ? root.node.value.members : [];
      sizes.push(members.length);
      const value = { reason: "BATCH_TOO_LARGE", domain: "stem.v1" };
      if (members.length > itemsMax)
        throw new ConnectError("no", Code.ResourceExhausted, undefined, [{ desc: ErrorInfoSchema, value }]);
      return { canvasId: id ?? "", deduplicated: false };
    },
    addCanvasMembers({ members }: AddCanvasMembersRequest) {
      sizes.push(members.length);
      return { firstIndex: 0 };
    },
  });
  const members = Array.from({ length: 2001 }, (_, at) => add.signature([at, 1]));
  await stem.submit(group(members));
  expect(sizes.splice(0)).toEqual([2001]);
  itemsMax = 1500;
  await stem.submit(group(members));
  expect(sizes).toEqual([2001, 1000, 1000, 1]);
});

test("a canvas and its pages are sent again with the same ids while their outcome is unknown", async () => {
  const submitted: SubmitCanvasRequest[] = [];
  const added: AddCanvasMembersRequest[] = [];
  const fail = awayAtFirst();
  const stem = clientOf({
    submitCanvas(request: SubmitCanvasRequest) {
      submitted.push(request);
      fail("submit");
      return { canvasId: request.id ?? "", deduplicated: true };
    },
    addCanvasMembers(request: AddCanvasMembersRequest) {
      added.push(request);
      fail(request.requestId);
      return { firstIndex: 7 };
    },
  });
  const members = Array.from({ length: 2001 }, (_, at) => add.signature([at, 1]));
  // Read one after the other: nobody knows how many there are.
  const handle = await stem.submit(group(members.values()), {
    tags: ["a"],
    deadlineMs: 5000,
    resultRetentionMs: 1000,
  });
  expect(submitted).toHaveLength(2);
  expect(submitted[1]).toEqual(submitted[0]);
  expect(submitted[0]).toMatchObject({
    ...{ id: handle.id, namespace: "shop", tags: ["a"], resultRetention: { seconds: 1n } },
    ...{ deadline: { case: "deadlineAfter", value: { seconds: 5n } } },
    root: { node: { value: { members: { length: 1000 }, gathering: { open: true } } } },
  });
  expect(added.map(({ requestId, members: { length }, seal }) => [requestId, length, seal])).toEqual([
    ["page-1", 1000, false],
    ["page-1", 1000, false],
    ["page-2", 1, true],
    ["page-2", 1, true],
  ]);
  added.length = 0;
  expect(await handle.addMembers(members.slice(0, 1001), { requestId: "r", groupId: "g", seal: true })).toBe(
    7,
  );
  await handle.seal({ groupId: "g" });
  expect(new Set(added.map(({ requestId, seal }) => `${requestId} ${seal}`))).toEqual(
    new Set(["r false", "r-1 true", "seal-g true"]),
  );
});

test("a small group, and one that is to stay open, come in one call", async () => {
  const submitted: SubmitCanvasRequest[] = [];
  const stem = clientOf({
    submitCanvas(request: SubmitCanvasRequest) {
      submitted.push(request);
      return { canvasId: request.id ?? "" };
    },
  });
  await stem.submit(group(add.signature([1, 2])));
  await stem.batch(
    (function* () {
      yield add.signature([1, 2]);
    })(),
    { open: true, id: "b", deadlineAt: new Date(5000) },
  );
  const opens = submitted.map(({ root }) => root?.node.case === "group" && root.node.value.gathering?.open);
  expect(opens).toEqual([false, true]);
  expect(submitted[1]).toMatchObject({ id: "b", deadline: { case: "deadlineTime", value: { seconds: 5n } } });
});

test("what runs again is a new canvas", async () => {
  const asked: object[] = [];
  const stem = clientOf({
    retryCanvas(request: object) {
      asked.push(request);
      return { canvasId: "new", deduplicated: true, started: 1 };
    },
  });
  expect(await stem.canvas("old").retry()).toMatchObject({ id: "new", deduplicated: true });
  await stem.canvas("old").retry({ id: "mine" });
  expect(asked).toMatchObject([{ canvasId: "old" }, { canvasId: "old", newCanvasId: "mine" }]);
});

test("a wait goes on where its stream broke, and ends with the state that was seen", async () => {
  let opened = 0;
  const clock = createTestClock();
  const transport = createRouterTransport(
    ({ service }) =>
      void service(CanvasService, {
        async *watchCanvas() {
          opened += 1;
          yield { canvas: { id: "c", state: opened < 3 ? 1 : 2 } };
          if (opened === 1) throw new ConnectError("broken", Code.Unavailable);
          if (opened === 2) await new Promise(() => undefined);
        },
        getCanvasResult: () => ({ value: { value: { case: "list", value: { items: [{}] } } } }),
      }),
  );
  const stem = createClient({ calls: transport, waits: transport }, { clock, random: () => 0 });
  onTestFinished(() => stem.close());
  const waiting = stem.canvas("c").result({ timeoutMs: 60_000 });
  const timedOut = expect(waiting).rejects.toMatchObject({
    name: "CanvasTimeoutError",
    state: "open",
    timeoutMs: 60_000,
  });
  while (opened < 2) await clock.advance(100);
  await clock.advance(60_000);
  await timedOut;
  expect(await stem.canvas("c").result()).toEqual([undefined]);
});
