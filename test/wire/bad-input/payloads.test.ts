import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { describe, expect, test } from "vitest";
import { limits } from "../../../server/src/model/limits.ts";
import { abuseServer, type Caller, ways } from "./abused-server.ts";
import { jsonCall } from "./json-call.ts";
import { invalid, tooLarge, undecodable } from "./refusal.ts";

type PayloadInit = MessageInitShape<typeof PayloadSchema>;

const mebibyte = 1024 * 1024;
/** Longer than the file takes on any machine: what one row has leased must not come back to another. */
const defaults = { leaseMs: 600_000 };
const server = abuseServer({ defaults });
/** Takes messages in which five million brackets fit. */
const roomy = abuseServer({
  limits: { messageBytesMax: 16 * mebibyte, payloadBytesMax: 12 * mebibyte },
  defaults,
});

const json = (value: string): PayloadInit => ({ data: { case: "json", value } });
const binary = (value: Uint8Array): PayloadInit => ({ data: { case: "binary", value } });
const brackets = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
/** A Value of lists in lists. */
function listsOf(depth: number): MessageInitShape<typeof ValueSchema> {
  let value: MessageInitShape<typeof ValueSchema> = { kind: { case: "boolValue", value: true } };
  for (let level = 0; level < depth; level += 1)
    value = { kind: { case: "listValue", value: { values: [value] } } };
  return value;
}
/** A JSON text of exactly so many bytes. */
const jsonOf = (bytes: number): string => `"${"x".repeat(bytes - 2)}"`;

/** What a task's arguments are to whoever reads it and to the worker that gets it. */
async function kept({ tasks, workers }: Caller, args: PayloadInit): Promise<readonly unknown[]> {
  const queue = "kept";
  const { taskId } = await tasks.enqueueTask({ name: "a", queue, args });
  const { grants } = await workers.leaseTasks({ queues: [queue] });
  expect(grants.map((grant) => grant.taskId)).toEqual([taskId]);
  const { task } = await tasks.getTask({ taskId });
  return [task?.args?.data, grants[0]?.task?.args?.data];
}

/** Megabytes are compared by their digest: a mismatch would print them. */
const digest = (data: unknown): string => {
  const { case: arm, value } = data as { readonly case: string; readonly value: string | Uint8Array };
  return `${arm} ${createHash("sha256").update(value).digest("hex")}`;
};

/** By how many bytes the process's peak rose, the client's part included. */
async function peakGrowth(work: () => Promise<void>): Promise<number> {
  const before = process.resourceUsage().maxRSS;
  await work();
  return (process.resourceUsage().maxRSS - before) * 1024;
}

describe.each(ways)("over %s", (way) => {
  test("D091 arguments of no bytes are arguments", async () => {
    const caller = server.caller(way);
    const data = { case: "binary", value: new Uint8Array() };
    expect(await kept(caller, binary(new Uint8Array()))).toEqual([data, data]);
    expect(await kept(caller, {})).toEqual([{ case: undefined }, { case: undefined }]);
  });

  test("D092 arguments of 2 MiB are taken, a byte more is refused, in any form", async () => {
    const caller = server.caller(way);
    const most = limits.payloadBytesMax;
    const growth = await peakGrowth(async () => {
      const largest = binary(new Uint8Array(most).fill(7));
      for (const args of [json(jsonOf(most)), largest])
        expect((await kept(caller, args)).map(digest)).toEqual(
          Array.from({ length: 2 }, () => digest(args.data)),
        );
      await server.refuses(tooLarge("PAYLOAD_TOO_LARGE", "args.json"), [json(jsonOf(most + 1))], (args) =>
        caller.tasks.enqueueTask({ name: "a", args }),
      );
      const tooManyBytes = binary(new Uint8Array(most + 1));
      await server.refuses(tooLarge("PAYLOAD_TOO_LARGE", "args.binary"), [tooManyBytes], (args) =>
        caller.tasks.enqueueTask({ name: "a", args }),
      );
      const value = { kind: { case: "stringValue" as const, value: "x".repeat(most - 1) } };
      await server.refuses(tooLarge("PAYLOAD_TOO_LARGE", "args.value"), [value], (large) =>
        caller.tasks.enqueueTask({ name: "a", args: { data: { case: "value", value: large } } }),
      );
      const batch = [{ name: "a" }, { name: "a", args: tooManyBytes }];
      await server.refuses(tooLarge("PAYLOAD_TOO_LARGE", "tasks[1].args.binary"), [batch], (tasks) =>
        caller.tasks.enqueueTasks({ atomic: true, tasks }),
      );
    });
    // Both ends share this process and its collector, which lets copies of the dozen messages gather: mostly up to 215 MiB, more when busy.
    expect(growth).toBeLessThan(400 * mebibyte);
  });

  test("D094 arguments that say JSON and are none are refused", async () => {
    const { tasks } = server.caller(way);
    const texts = [
      "",
      " ",
      "nope",
      "{",
      "[1,]",
      '{"a":1,}',
      "{a:1}",
      "'a'",
      "1 2",
      "\ufeff1",
      "//",
      "undefined",
    ];
    await server.refuses(invalid("args.json"), texts, (text) =>
      tasks.enqueueTask({ name: "a", args: json(text) }),
    );
    await server.refuses(invalid("tasks[1].args.json"), texts, (text) =>
      tasks.enqueueTasks({ atomic: true, tasks: [{ name: "a" }, { name: "a", args: json(text) }] }),
    );
    const halfPair = '{"name":"a","args":{"json":"\\"\\ud800\\""}}';
    await server.refuses(invalid("args.json"), [halfPair], (body) =>
      jsonCall(server.wire.url, "TaskService/EnqueueTask", body),
    );
  });

  test("D095 JSON that is nested too deep is refused before it is parsed", async () => {
    const deep = [65, 100_000, 900_000].map(brackets);
    const { tasks } = server.caller(way);
    const caller = roomy.caller(way);
    expect(await kept(server.caller(way), json(brackets(64)))).toEqual(
      Array.from({ length: 2 }, () => ({ case: "json", value: brackets(64) })),
    );
    const growth = await peakGrowth(async () => {
      await server.refuses(invalid("args.json"), deep, (text) =>
        tasks.enqueueTask({ name: "a", args: json(text) }),
      );
      await roomy.refuses(invalid("args.json"), [brackets(5_000_000), "[".repeat(5_000_000)], (text) =>
        caller.tasks.enqueueTask({ name: "a", args: json(text) }),
      );
    });
    expect(growth).toBeLessThan(250 * mebibyte);
    // Each level of a Value is two of protobuf, whose decoder stops at a hundred.
    const refusal = way === "gRPC" ? undecodable : invalid("args.value");
    await server.refuses(refusal, [listsOf(65)], (value) =>
      tasks.enqueueTask({ name: "a", args: { data: { case: "value", value } } }),
    );
    const bodies = way === "gRPC" ? [] : [100_000, 2_000_000].map(brackets);
    await server.refuses(invalid(""), bodies, (value) =>
      jsonCall(server.wire.url, "TaskService/EnqueueTask", `{"name":"a","args":{"value":${value}}}`),
    );
  });

  test("D097 numbers that no double holds are kept digit by digit; what is not JSON's is refused", async () => {
    const caller = server.caller(way);
    const digits = "9".repeat(400);
    const odd = ['{"a":1,"a":2}', "1e400", "-0", "9007199254740993", digits, `[1.${digits}E-${digits}]`];
    for (const text of odd)
      expect(await kept(caller, json(text))).toEqual([
        { case: "json", value: text },
        { case: "json", value: text },
      ]);
    const foreign = ["NaN", "Infinity", "-Infinity", "[nan]", "01", "+1", ".5", "1.", "0x10", "1_000", "1e"];
    await server.refuses(invalid("args.json"), foreign, (text) =>
      caller.tasks.enqueueTask({ name: "a", args: json(text) }),
    );
  });

  test("D098 a NUL in a key or a value is kept", async () => {
    const caller = server.caller(way);
    const text = '{"a\\u0000b":"\\u0000","c":["\\u0000"]}';
    const data = { case: "json", value: text };
    expect(await kept(caller, json(text))).toEqual([data, data]);
    const fields = { "a\u0000b": { kind: { case: "stringValue" as const, value: "\u0000" } } };
    const value = { kind: { case: "structValue" as const, value: { fields } } };
    const asJson = { case: "json", value: '{"a\\u0000b":"\\u0000"}' };
    expect(await kept(caller, { data: { case: "value", value } })).toEqual([asJson, asJson]);
    // Unescaped it is not JSON.
    await server.refuses(invalid("args.json"), ['"\u0000"'], (raw) =>
      caller.tasks.enqueueTask({ name: "a", args: json(raw) }),
    );
  });

  test("D115 an address in place of a payload is refused, and no address is ever fetched", async () => {
    let fetches = 0;
    const target = createServer((_request, response) => {
      fetches += 1;
      response.end("[]");
    }).listen(0, "127.0.0.1");
    await once(target, "listening");
    const { port } = target.address() as { port: number };
    const addresses = [`http://127.0.0.1:${port}/args`, "http://169.254.169.254/", "file:///etc/passwd"];
    const caller = server.caller(way);
    await server.refuses(invalid("args.json"), addresses, (address) =>
      caller.tasks.enqueueTask({ name: "a", args: json(address) }),
    );
    for (const address of addresses) {
      const data = { case: "json" as const, value: JSON.stringify({ $ref: address }) };
      const hints = { contentType: "message/external-body", encoding: { url: address } };
      expect(await kept(caller, { data, ...hints })).toEqual([data, data]);
    }
    target.close();
    await once(target, "close");
    expect(fetches).toBe(0);
  });
});
