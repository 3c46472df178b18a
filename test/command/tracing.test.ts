import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { defineTask } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { startServerProcess } from "../support/server-process.ts";

type Value = { readonly stringValue?: string; readonly intValue?: number };
type OtlpSpan = {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: Value }[];
};

/** A collector that keeps what it is sent, as OTLP has it in JSON. */
async function collect() {
  const spans: OtlpSpan[] = [];
  const services = new Set<string | undefined>();
  const paths = new Set<string | undefined>();
  const server = createServer(async (request, response) => {
    paths.add(request.url);
    const body = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
    for (const { resource, scopeSpans } of body.resourceSpans) {
      services.add(attributesOf(resource)["service.name"]);
      for (const { spans: sent } of scopeSpans) spans.push(...sent);
    }
    response.setHeader("content-type", "application/json").end("{}");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { spans, services, paths, url: `http://127.0.0.1:${port}` };
}

const attributesOf = ({ attributes }: Pick<OtlpSpan, "attributes">): Record<string, string | undefined> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));

const work = defineTask<[], string>({ name: "work" });

test("a collector gets a span of each gRPC call, under its caller's trace, with how it ended", async () => {
  const collector = await collect();
  const server = await startServerProcess(["--store", "memory:", "--otlp", collector.url], {
    env: { OTEL_RESOURCE_ATTRIBUTES: "service.name=stem-in-a-test" },
  });
  const tasks = createClient(TaskService, createGrpcTransport({ baseUrl: server.url }));
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  await tasks.enqueueTask({ id: "one", name: "work" }, { headers: { traceparent } });
  await tasks.enqueueTask({
    id: "never",
    name: "work",
    options: { start: { case: "delay", value: { seconds: 3600n } } },
  });
  await expect(tasks.getTask({ taskId: "no-such-task" })).rejects.toThrow("no-such-task");
  const worker = createWorker({ url: server.url, tasks: [implement(work, () => "done")] });
  await worker.start();
  const leaving = new AbortController();
  const waiting = tasks.awaitTasks({ tasks: [{ taskId: "never" }] }, { signal: leaving.signal });
  await waiting[Symbol.asyncIterator]().next();
  leaving.abort();
  await worker.stop();
  expect(await server.end("SIGTERM")).toMatchObject({ code: 0 });

  expect([...collector.paths]).toEqual(["/v1/traces"]);
  expect([...collector.services]).toEqual(["stem-in-a-test"]);
  const byName = new Map(collector.spans.toReversed().map((span) => [span.name, span]));
  const factsOf = (method: string) => attributesOf(byName.get(method) as OtlpSpan);
  const ofMethod = (method: string, code: string) => ({
    ...{ "rpc.system.name": "grpc", "rpc.method": method, "rpc.status_code": code },
  });
  expect(byName.get("stem.v1.TaskService/EnqueueTask")).toMatchObject({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    parentSpanId: "00f067aa0ba902b7",
    kind: 2,
  });
  const [enqueue, get] = ["stem.v1.TaskService/EnqueueTask", "stem.v1.TaskService/GetTask"] as const;
  expect(factsOf(enqueue)).toEqual(ofMethod(enqueue, "OK"));
  // What a caller asked for in vain is no error of the server.
  expect(factsOf(get)).toEqual(ofMethod(get, "NOT_FOUND"));
  expect(byName.get(get)?.status.code ?? 0).toBe(0);
  const connect = "stem.v1.WorkerService/Connect";
  expect(factsOf(connect)).toEqual(ofMethod(connect, "OK"));
  // Whoever leaves a stream early ends it, and its span, too.
  const wait = "stem.v1.TaskService/AwaitTasks";
  expect(factsOf(wait)).toEqual(ofMethod(wait, "CANCELLED"));
});

test("calls whose caller has not decided are sent by their part, those that are sampled always", async () => {
  const collector = await collect();
  const flags = ["--store", "memory:", "--otlp", collector.url, "--trace-ratio", "0"];
  const server = await startServerProcess(flags);
  const tasks = createClient(TaskService, createGrpcTransport({ baseUrl: server.url }));
  const trace = (flag: string) => `00-4bf92f3577b34da6a3ce929d0e0e47${flag}-00f067aa0ba902b7-${flag}`;
  await tasks.listTasks({});
  for (const flag of ["00", "01"]) await tasks.listTasks({}, { headers: { traceparent: trace(flag) } });
  await server.end("SIGTERM");
  expect(collector.spans.map(({ traceId }) => traceId.slice(-2))).toEqual(["01"]);
});

test("a collector that is not there is told of in the log, and keeps the server from nothing", async () => {
  const server = await startServerProcess(["--store", "memory:", "--otlp", "http://127.0.0.1:1"]);
  await createClient(TaskService, createGrpcTransport({ baseUrl: server.url })).listTasks({});
  expect(await server.end("SIGTERM")).toMatchObject({ code: 0 });
  expect(await server.line(/"msg":"tracing: /)).toContain("ECONNREFUSED");
});

test("nothing of it is loaded where it is off, and a wrong address is refused", async () => {
  const tell =
    'import{registerHooks}from"node:module";registerHooks({resolve(s,c,n){console.log("loads",s);return n(s,c)}})';
  const nodeArgs = ["--import", `data:text/javascript,${encodeURIComponent(tell)}`];
  const loadedBy = async (...flags: readonly string[]) => {
    const server = await startServerProcess(["--store", "memory:", ...flags], { nodeArgs });
    await server.end("SIGTERM");
    return server.lines.filter((line) => /^loads .*(opentelemetry|in-the-middle)/.test(line)).length;
  };
  expect(await loadedBy()).toBe(0);
  expect(await loadedBy("--otlp", "http://127.0.0.1:1")).toBeGreaterThan(0);
  await expect(startServerProcess(["--otlp", "collector:4318"])).rejects.toThrow(
    "telemetry.otlp (from --otlp)",
  );
});
