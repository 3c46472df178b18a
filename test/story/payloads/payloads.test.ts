import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import {
  connect,
  defineCodec,
  defineTask,
  PayloadError,
  TaskFailedError,
  UnknownEncodingError,
  versioned,
} from "@stem/sdk";
import { startTestServer } from "@stem/server/testing";
import { implement } from "@stem/worker";
import { drainQueues } from "@stem/worker/testing";
import { expect, onTestFinished, test } from "vitest";
import { createRecordingLog } from "../../support/recording-log.ts";

/** A binary format: each number one byte. */
const small = defineCodec({
  id: "small",
  contentType: "application/x-small",
  encode: (value) => Uint8Array.from(value as number[]),
  decode: (bytes) => [...bytes],
});
const large = defineCodec({
  id: "large",
  encode: (value) => new Uint8Array(Uint32Array.from(value as number[]).buffer),
  decode: (bytes) => [...new Uint32Array(Uint8Array.from(bytes).buffer)],
});
const log = createRecordingLog();
const text = "all work and no play ".repeat(10_000);

async function stem() {
  const server = await startTestServer({ listen: { port: 0 } });
  const client = connect({ dial: server.dial });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  const run = (...tasks: Parameters<typeof drainQueues>[0]["tasks"]) =>
    drainQueues({ dial: server.dial, tasks, log });
  /** The task as any language sees it. */
  const raw = async (taskId: string) => {
    const tasks = createClient(TaskService, createGrpcTransport({ baseUrl: server.url ?? "" }));
    return (await tasks.getTask({ taskId })).task ?? expect.fail();
  };
  return { client, run, raw };
}

test("arguments and result travel as their codecs say; the server keeps them byte for byte", async () => {
  const { client, run, raw } = await stem();
  const double = defineTask<[number, number], number[]>({
    name: "double",
    argsCodec: small,
    resultCodec: large,
  });
  const handle = await client.enqueue(double, [1, 200]);
  const doubled = implement(double, (ctx, ...list) => {
    // Decoded, as the handler's own arguments are.
    expect(ctx.args).toEqual(list);
    return list.map((n) => n * 2);
  });
  await run(doubled);
  expect(await handle.result()).toEqual([2, 400]);
  const { args, result } = await raw(handle.id);
  expect(args).toMatchObject({
    data: { case: "binary", value: Uint8Array.of(1, 200) },
    contentType: "application/x-small",
    encoding: { codec: "small" },
  });
  expect(result).toMatchObject({ encoding: { codec: "large" }, data: { case: "binary" } });
});

test("large payloads travel compressed, and a reader needs no option to read them", async () => {
  const { client, run, raw } = await stem();
  for (const algorithm of ["gzip", "deflate", "zstd"] as const) {
    const name = `echo-${algorithm}`;
    const writing = defineTask<[string], string>({ name, compression: { algorithm } });
    const reading = defineTask<[string], string>({ name });
    const handle = await client.enqueue(writing, [text]);
    await run(implement(reading, (_ctx, said) => said.toUpperCase()));
    expect(await client.handle(writing, handle.id).result()).toBe(text.toUpperCase());
    const { args, result } = await raw(handle.id);
    expect(args?.encoding).toEqual({ compression: algorithm, form: "json" });
    expect(result?.data.case).toBe("json");
    const answered = await client.enqueue(reading, [text]);
    await run(implement(writing, (_ctx, said) => said));
    expect(await client.handle(reading, answered.id).result()).toBe(text);
    expect((await raw(answered.id)).result?.encoding).toEqual({ compression: algorithm, form: "json" });
  }
});

test("more fits into the size limit compressed", async () => {
  const { client, run } = await stem();
  const plain = defineTask<[string], number>({ name: "length" });
  const packed = defineTask<[string], number>({ name: "length", compression: { algorithm: "zstd" } });
  const huge = "x".repeat(3 << 20);
  await expect(client.enqueue(plain, [huge])).rejects.toMatchObject({ reason: "PAYLOAD_TOO_LARGE" });
  const handle = await client.enqueue(packed, [huge]);
  await run(implement(packed, (_ctx, said) => said.length));
  expect(await handle.result()).toBe(3 << 20);
});

test("arguments of an older version reach the handler up to date", async () => {
  const { client, run } = await stem();
  const before = defineTask<[name: string]>({ name: "greet" });
  const now = defineTask<{ name: string; polite: boolean }, string>({
    name: "greet",
    argsCodec: versioned({
      version: 2,
      upcast: { 1: ([name]: [string]) => ({ name, polite: true }) },
    }),
  });
  const [old, fresh] = [
    await client.enqueue(before, ["Ada"]),
    await client.enqueue(now, { name: "Bob", polite: false }),
  ];
  await run(implement(now, (_ctx, { name, polite }) => `${polite ? "Dear" : "Hey"} ${name}`));
  expect(await client.handle(now, old.id).result()).toBe("Dear Ada");
  expect(await fresh.result()).toBe("Hey Bob");
});

test("a codec is exchanged while tasks of the old one wait", async () => {
  const { client, run } = await stem();
  const before = defineTask<number[], number>({ name: "sum", argsCodec: small });
  const now = defineTask<number[], number>({ name: "sum", argsCodec: large, accepts: [small] });
  const handles = [await client.enqueue(before, [1, 2]), await client.enqueue(now, [1000, 2000])];
  await run(implement(now, (_ctx, ...list) => list.reduce((sum, n) => sum + n, 0)));
  expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual([3, 3000]);
});

test("arguments that the worker cannot read fail the task for good, and the failure names what is unknown", async () => {
  const { client, run } = await stem();
  const writing = defineTask<[number]>({ name: "work", argsCodec: small });
  const reading = defineTask<[number]>({ name: "work" });
  const handle = await client.enqueue(writing, [7]);
  const ran: number[] = [];
  await run(implement(reading, (_ctx, n) => void ran.push(n)));
  const error = await handle.result().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TaskFailedError);
  expect(error).toMatchObject({
    stateReason: "non_retryable",
    failure: { type: "UnknownEncodingError", message: expect.stringContaining('codec is "small"') },
  });
  expect(ran).toEqual([]);
  expect(await handle.status()).toMatchObject({ state: "failed", attempt: 1 });
});

test("a result that the waiting side cannot read is an error there, and stays whole on the server", async () => {
  const { client, run } = await stem();
  const writing = defineTask<[], number[]>({ name: "work", resultCodec: small });
  const reading = defineTask<[], number[]>({ name: "work" });
  const handle = await client.enqueue(reading);
  await run(implement(writing, () => [1, 2]));
  await expect(handle.result()).rejects.toThrow(UnknownEncodingError);
  await expect(handle.result()).rejects.toMatchObject({ kind: "codec", id: "small" });
  expect(await client.handle(writing, handle.id).result()).toEqual([1, 2]);
});

test("a decompression bomb fails its task and takes no worker down", async () => {
  const { client, run } = await stem();
  const bomb = defineTask<[string]>({ name: "bomb", compression: { algorithm: "zstd" } });
  const careful = defineTask<[string]>({ name: "bomb", decompressedBytesMax: 100_000 });
  const handle = await client.enqueue(bomb, [text]);
  await run(implement(careful, () => undefined));
  await expect(handle.result()).rejects.toMatchObject({
    failure: {
      type: "PayloadError",
      message: expect.stringContaining("decompressedBytesMax (100000 bytes)"),
    },
  });
});

test("a value that its codec cannot write is refused before it is sent", async () => {
  const { client } = await stem();
  const broken = defineCodec({
    id: "broken",
    encode: () => {
      throw new Error("no such thing");
    },
    decode: () => undefined,
  });
  const task = defineTask<[number]>({ name: "work", codec: broken });
  await expect(client.enqueue(task, [1])).rejects.toThrow(PayloadError);
});
