import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { LinkSchema } from "@stem/proto/stem/v1/task_pb";
import { describe, expect, test } from "vitest";
import { abuseServer, ways } from "./abused-server.ts";
import { invalid, refused, tooLarge } from "./refusal.ts";

const server = abuseServer({
  limits: { linksMax: 3, linkDepthMax: 2, batchTasksMax: 10, linksBytesMax: 4000 },
});

type Link = MessageInitShape<typeof LinkSchema>;
const json = (value: string) => ({ data: { case: "json" as const, value } });
const ok: Link = { task: { name: "b" } };

describe.each(ways)("over %s", (way) => {
  /** Enqueues a task with this link as its second error link. */
  const sending = () => {
    const { tasks } = server.caller(way);
    return (link: Link) => tasks.enqueueTask({ name: "a", options: { linkError: [ok, link] } });
  };
  const at = (rest: string) => `options.link_error[1].${rest}`;

  test("what is wrong with a task is wrong with one that follows another, and is found where it stands", async () => {
    const send = sending();
    await server.refuses(invalid(at("task")), [{}, { ignoreInput: true }], send);
    await server.refuses(invalid(at("task.name")), [{ task: {} }, { task: { name: "a b" } }], send);
    await server.refuses(invalid(at("task.queue")), [{ task: { name: "b", queue: "a b" } }], send);
    await server.refuses(
      invalid(at("task.options.priority")),
      [{ task: { name: "b", options: { priority: 10 } } }],
      send,
    );
    await server.refuses(invalid(at("task.args.json")), [{ task: { name: "b", args: json("[1") } }], send);
    await server.refuses(
      invalid(at('task.headers["stem-a"]')),
      [{ task: { name: "b", headers: { "stem-a": "1" } } }],
      send,
    );
    const nested = { task: { name: "b", options: { link: [{ task: { name: "" } }] } } };
    await server.refuses(invalid(at("task.options.link[0].task.name")), [nested], send);
    const { tasks } = server.caller(way);
    await server.refuses(invalid("tasks[1].options.link[0].task.name"), [{ task: { name: "" } }], (link) =>
      tasks.enqueueTasks({ atomic: true, tasks: [{ name: "a" }, { name: "a", options: { link: [link] } }] }),
    );
  });

  test("a link that says what it cannot have is refused", async () => {
    const send = sending();
    const names = ["", "a b", "é", "x".repeat(256)];
    await server.refuses(
      invalid(at("input_as")),
      names.map((inputAs) => ({ ...ok, inputAs })),
      send,
    );
    await server.refuses(invalid(at("input_as")), [{ ...ok, inputAs: "x", ignoreInput: true }], send);
    await server.refuses(
      invalid(at("input_as")),
      [{ task: { name: "b", args: json("[]") }, inputAs: "x" }],
      send,
    );
    const own = { task: { name: "b", args: json('{"error":1,"x":2}') } };
    await server.refuses(invalid(at("task.args")), [own, { ...own, inputAs: "x" }], send);
    await server.refuses(invalid(at("task.parent_id")), [{ task: { name: "b", parentId: "p" } }], send);
    await server.refuses(invalid(at("task.root_id")), [{ task: { name: "b", rootId: "p" } }], send);
  });

  test("arguments that nothing can be put into are refused, unless nothing is to be", async () => {
    const send = sending();
    const binary = { data: { case: "binary" as const, value: Uint8Array.of(1) } };
    const packed = { ...json("[1]"), encoding: { compression: "gzip" } };
    const all = [binary, packed, json("5"), json('"text"'), json("null")].map((args) => ({
      task: { name: "b", args },
    }));
    await server.refuses(refused(Code.FailedPrecondition, "LINK_ARGS_NOT_JSON"), all, send);
    for (const link of all) expect((await send({ ...link, ignoreInput: true })).taskId).not.toBe("");
    const versioned = { ...json("[1]"), encoding: { version: "3" } };
    expect((await send({ task: { name: "b", args: versioned } })).taskId).not.toBe("");
  });

  test("too many links, too deep, too many in all and too much are refused", async () => {
    const { tasks } = server.caller(way);
    const enqueue = (link: Link[]) => tasks.enqueueTask({ name: "a", options: { link } });
    const within = (link: Link[]): Link => ({ task: { name: "b", options: { link } } });
    const three = [ok, ok, ok];
    await server.refuses(invalid("options.link"), [[...three, ok]], enqueue);
    await server.refuses(
      invalid("options.link[0].task.options.link[0].task.options.link"),
      [[within([within([ok])])]],
      enqueue,
    );
    await server.refuses(
      tooLarge("BATCH_TOO_LARGE", "options.link"),
      [[within(three), within(three), within(three)]],
      enqueue,
    );
    const large = { task: { name: "b", args: json(JSON.stringify(["x".repeat(2000)])) } };
    await server.refuses(tooLarge("PAYLOAD_TOO_LARGE", "options.link"), [[large, large]], enqueue);
    expect((await enqueue([within(three), within([ok, ok]), large])).taskId).not.toBe("");
  });
});
