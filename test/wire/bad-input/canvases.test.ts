import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  chain,
  chord,
  gathering,
  group,
  json,
  linkTo,
  type Node,
  task,
  taskOf,
  times,
} from "../../support/canvas-nodes.ts";
import { wordOf } from "../../support/wire-transports.ts";
import { abuseServer, ways } from "./abused-server.ts";
import { jsonCall } from "./json-call.ts";
import { invalid, outOfRange, refusalOf, refused, tooLarge } from "./refusal.ts";

const server = abuseServer();
const ok = task("a");

/** A node in so many chains. */
const nested = (depth: number): Node => (depth === 0 ? ok : chain(nested(depth - 1)));

describe.each(ways)("over %s", (way) => {
  const own = (suffix: string) => `${wordOf(way)}-${suffix}`;
  const submitting = () => {
    const { canvases } = server.caller(way);
    return (root: Node) => canvases.submitCanvas({ root });
  };

  test("D196 a group of 10,001 members is too large for one call, and one of 10,000 is not", async () => {
    const { canvases } = server.caller(way);
    const large = tooLarge("BATCH_TOO_LARGE", "root.group.members[10000].task");
    await server.refuses(large, [group(...times(10_001, ok))], submitting());
    const { canvasId } = await canvases.submitCanvas({ root: gathering({ open: true }) });
    await server.refuses(tooLarge("BATCH_TOO_LARGE", "members[10000].task"), [times(10_001, ok)], (members) =>
      canvases.addCanvasMembers({ canvasId, requestId: "1", members: [...members] }),
    );
    const items = times(10_001, json(1));
    await server.refuses(
      tooLarge("BATCH_TOO_LARGE", "root.map.items"),
      [{ node: { case: "map", value: { task: { name: "a" }, items: [...items] } } }],
      submitting(),
    );
    // A million in one call is too much for a message, and is never made into objects.
    const members = `${'{"task":{"name":"a"}},'.repeat(1_000_000)}{}`;
    await server.refuses({ code: Code.ResourceExhausted, reason: undefined, fields: [] }, [members], (text) =>
      jsonCall(server.wire.url, "CanvasService/SubmitCanvas", `{"root":{"group":{"members":[${text}]}}}`),
    );
  });

  test("D197 two members of one id, and members of a request that come twice, are not two", async () => {
    const { canvases } = server.caller(way);
    const twin = taskOf({ id: own("twin"), name: "a" });
    await server.refuses(
      invalid("root.group.members[1].task.id"),
      [group(twin, twin), group(twin, twin, twin)],
      submitting(),
    );
    const inside = group(chain(ok, twin), twin);
    await server.refuses(invalid("root.group.members[1].task.id"), [inside], submitting());
    const caught = { ...group(twin), link: [{ task: { id: own("twin"), name: "a" } }] };
    await server.refuses(invalid("root.group.members[0].task.id"), [caught], submitting());
    const { canvasId } = await canvases.submitCanvas({ root: gathering({ open: true }, ok) });
    const request = { canvasId, requestId: "1", members: [ok, ok] };
    expect(await canvases.addCanvasMembers(request)).toMatchObject({ firstIndex: 1, deduplicated: false });
    expect(await canvases.addCanvasMembers(request)).toMatchObject({ firstIndex: 1, deduplicated: true });
    const { canvas } = await canvases.getCanvas({ canvasId });
    expect(canvas?.groups).toMatchObject([{ size: 3 }]);
  });

  test("D199 a nesting of 17 is refused, and one of 16 is not", async () => {
    await server.refuses(invalid(`root${".chain.steps[0]".repeat(16)}`), [nested(16)], submitting());
    expect((await submitting()(nested(15))).canvasId).not.toBe("");
  });

  test("D200 a result beyond the limit fails its member, and results beyond it together come page by page", async () => {
    const { canvases, tasks, workers } = server.caller("gRPC");
    const queue = own("large");
    const large = (id: string) => taskOf({ id: own(id), name: "large", queue });
    const { canvasId } = await canvases.submitCanvas({ root: group(large("x"), large("y"), large("z")) });
    const { grants } = await workers.leaseTasks({ queues: [queue], maxTasks: 3 });
    const most = JSON.stringify("x".repeat(2 * 1024 * 1024 - 2));
    for (const { leaseToken } of grants)
      await workers.settleTasks({
        settlements: [
          {
            leaseToken,
            outcome: { case: "succeeded", value: { result: { data: { case: "json", value: most } } } },
          },
        ],
      });
    await server.refuses(tooLarge("RESULT_TOO_LARGE", "value"), [canvasId], () =>
      server.caller(way).canvases.getCanvasResult({ canvasId }),
    );
    const groupId = (await canvases.getCanvas({ canvasId })).canvas?.groups[0]?.id ?? "";
    let [pageToken, pages, count] = ["", 0, 0];
    do {
      const page = await server.caller(way).canvases.listCanvasMembers({ canvasId, groupId, pageToken });
      pageToken = page.nextPageToken;
      pages += 1;
      count += page.members.length;
    } while (pageToken !== "");
    expect([count, pages]).toEqual([3, 4]);
    await canvases.submitCanvas({ root: large("beyond") });
    const [beyond] = (await workers.leaseTasks({ queues: [queue] })).grants;
    await workers.settleTasks({
      settlements: [
        {
          leaseToken: beyond?.leaseToken ?? new Uint8Array(),
          outcome: {
            case: "succeeded",
            value: {
              result: { data: { case: "json", value: JSON.stringify("x".repeat(2 * 1024 * 1024 - 1)) } },
            },
          },
        },
      ],
    });
    const { task: ended } = await tasks.getTask({ taskId: own("beyond") });
    expect(ended?.failure?.type).toBe("ResultTooLarge");
  });

  test("D202 a tree has no cycles; a node that is nothing, or two things, is refused", async () => {
    await server.refuses(invalid("root"), [undefined], (root) =>
      server.caller(way).canvases.submitCanvas(root === undefined ? {} : { root }),
    );
    await server.refuses(invalid("root.node"), [{}], submitting());
    await server.refuses(invalid("root.chain.steps[1].node"), [chain(ok, {})], submitting());
    await server.refuses(invalid("root.chord.body.node"), [chord([ok], {})], submitting());
    const two = { root: { task: { name: "a" }, chain: { steps: [] } } };
    expect(
      await refusalOf(jsonCall(server.wire.url, "CanvasService/SubmitCanvas", JSON.stringify(two))),
    ).toMatchObject({ code: Code.InvalidArgument });
  });

  test("D203 a hundred thousand chains in each other are refused before anything is made of them", async () => {
    const [open, close] = ['{"chain":{"steps":[', "]}}"];
    const depths = [50, 100_000];
    for (const depth of depths) {
      const root = `${open.repeat(depth)}{"task":{"name":"a"}}${close.repeat(depth)}`;
      const { code } = await refusalOf(
        jsonCall(server.wire.url, "CanvasService/SubmitCanvas", `{"root":${root}}`),
      );
      expect([depth, code]).toEqual([depth, Code.InvalidArgument]);
    }
  });

  test("D205 a canvas with one member for a queue that takes nothing is refused as a whole", async () => {
    const { queues } = server.caller(way);
    const queue = own("closed");
    await queues.createQueue({ queue, settings: { closed: true } });
    await server.refuses(
      refused(Code.FailedPrecondition, "QUEUE_CLOSED"),
      [taskOf({ name: "a", queue }), group(ok, taskOf({ name: "a", queue }), ok)],
      submitting(),
    );
  });

  test("what is said of a canvas has to be right", async () => {
    const { canvases } = server.caller(way);
    const say = (more: object) => canvases.submitCanvas({ root: ok, ...more });
    await server.refuses(invalid("id"), [{ id: "a b" }, { id: "x".repeat(129) }], say);
    await server.refuses(invalid("name"), [{ name: "a b" }], say);
    await server.refuses(invalid("tags"), [{ tags: ["a", "a"] }], say);
    await server.refuses(
      invalid("deadline_after"),
      [{ seconds: 0n }, { seconds: -1n }, { seconds: 315_360_001n }].map((value) => ({
        deadline: { case: "deadlineAfter", value },
      })),
      say,
    );
    const far = BigInt(Math.ceil(Date.now() / 1000)) + 315_360_100n;
    await server.refuses(
      outOfRange("deadline_time"),
      [{ deadline: { case: "deadlineTime", value: { seconds: far } } }],
      say,
    );
  });

  test("what nodes say has to go together", async () => {
    const send = submitting();
    await server.refuses(invalid("root.chain.steps"), [chain()], send);
    await server.refuses(
      invalid("root.chord.body"),
      [{ node: { case: "chord", value: { header: [ok] } } }],
      send,
    );
    await server.refuses(invalid("root.input_as"), [{ ...ok, inputAs: "x", ignoreInput: true }], send);
    const linked = { link: [linkTo("b")] };
    await server.refuses(invalid("root.defaults"), [{ ...chain(ok), defaults: linked }], send);
    await server.refuses(
      invalid("root.chain.steps[1].group.gathering.open"),
      [chain(ok, gathering({ open: true }, ok))],
      send,
    );
    await server.refuses(
      invalid("root.group.members[0].group.gathering.open"),
      [group(gathering({ open: true }, ok))],
      send,
    );
    await server.refuses(invalid("root.task.name"), [task("a b"), task("")], send);
    await server.refuses(invalid("root.task.parent_id"), [taskOf({ name: "a", parentId: "p" })], send);
    await server.refuses(
      refused(Code.FailedPrecondition, "LINK_ARGS_NOT_JSON"),
      [chain(ok, taskOf({ name: "a", args: { data: { case: "binary", value: Uint8Array.of(1) } } }))],
      send,
    );
  });

  test("items are JSON, and a task of many has no id", async () => {
    const send = submitting();
    const binary = { data: { case: "binary" as const, value: Uint8Array.of(1) } };
    const a = { name: "a" };
    await server.refuses(
      invalid("root.map.items[1]"),
      [{ node: { case: "map", value: { task: a, items: [json(1), binary] } } }],
      send,
    );
    await server.refuses(
      invalid("root.starmap.items[0]"),
      [{ node: { case: "starmap", value: { task: a, items: [json(1)] } } }],
      send,
    );
    await server.refuses(
      invalid("root.chunks.size"),
      [{ node: { case: "chunks", value: { task: a, items: [json(1)], size: 0 } } }],
      send,
    );
    await server.refuses(
      invalid("root.map.task.id"),
      [{ node: { case: "map", value: { task: { name: "a", id: "x" }, items: [] } } }],
      send,
    );
    await server.refuses(
      invalid("root.map.task.args"),
      [{ node: { case: "map", value: { task: { name: "a", args: json({}) }, items: [] } } }],
      send,
    );
    await server.refuses(invalid("root.map.task"), [{ node: { case: "map", value: {} } }], send);
  });

  test("what is not there is not found, and other content under an id is refused", async () => {
    const { canvases } = server.caller(way);
    const canvasId = own("there");
    expect(await canvases.submitCanvas({ id: canvasId, root: ok })).toMatchObject({ deduplicated: false });
    expect(await canvases.submitCanvas({ id: canvasId, root: ok })).toMatchObject({ deduplicated: true });
    await server.refuses(
      refused(Code.AlreadyExists, "CANVAS_EXISTS"),
      [{ root: task("b") }, { root: group(ok) }, { root: ok, name: "n" }],
      (other) => canvases.submitCanvas({ id: canvasId, ...other }),
    );
    const drained = async (stream: AsyncIterable<unknown>) => {
      for await (const _ of stream);
    };
    const unknown = refused(Code.NotFound, "CANVAS_UNKNOWN");
    await server.refuses(unknown, ["nobody"], (id) => canvases.getCanvas({ canvasId: id }));
    await server.refuses(unknown, ["nobody"], (id) => canvases.getCanvasResult({ canvasId: id }));
    await server.refuses(unknown, ["nobody"], (id) => canvases.listCanvasMembers({ canvasId: id }));
    await server.refuses(unknown, ["nobody"], (id) => canvases.cancelCanvas({ canvasId: id }));
    await server.refuses(unknown, ["nobody"], (id) => canvases.explainCanvas({ canvasId: id }));
    await server.refuses(unknown, ["nobody"], (id) => drained(canvases.watchCanvas({ canvasId: id })));
    await server.refuses(unknown, ["nobody"], (id) =>
      canvases.addCanvasMembers({ canvasId: id, requestId: "1", members: [ok] }),
    );
    const notYet = refused(Code.FailedPrecondition, "CANVAS_NOT_SUCCEEDED");
    await server.refuses(notYet, [canvasId], (id) => canvases.getCanvasResult({ canvasId: id }));
  });

  test("a group that is sealed, that is another canvas', or that is none takes no members", async () => {
    const { canvases } = server.caller(way);
    const opened = async () => {
      const { canvasId } = await canvases.submitCanvas({ root: gathering({ open: true }, ok) });
      const { canvas } = await canvases.getCanvas({ canvasId });
      return { canvasId, groupId: canvas?.groups[0]?.id ?? "" };
    };
    const [mine, theirs] = [await opened(), await opened()];
    const add = (to: { canvasId: string; groupId?: string; requestId?: string }) =>
      canvases.addCanvasMembers({ requestId: "1", members: [ok], ...to });
    const unknown = refused(Code.NotFound, "CANVAS_UNKNOWN");
    await server.refuses(
      unknown,
      [
        { ...mine, groupId: theirs.groupId },
        { ...mine, groupId: "none" },
      ],
      add,
    );
    const { canvasId: single } = await canvases.submitCanvas({ root: ok });
    await server.refuses(unknown, [{ canvasId: single }], add);
    await server.refuses(invalid("members"), [mine], (to) =>
      canvases.addCanvasMembers({ ...to, requestId: "2" }),
    );
    await server.refuses(invalid("request_id"), [{ ...mine, requestId: "" }], add);
    await canvases.addCanvasMembers({ ...mine, requestId: "seal", seal: true });
    await server.refuses(refused(Code.FailedPrecondition, "CANVAS_GROUP_CLOSED"), [mine], add);
  });
});
