import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { LeaseLostReason } from "@stem/proto/stem/v1/lease_pb";
import {
  type AttemptOutputSchema,
  LogLevel,
  OutputKind,
  type OutputVerdict,
} from "@stem/proto/stem/v1/task_output_pb";
import { TaskOutputService, type WatchTaskOutputResponse } from "@stem/proto/stem/v1/task_output_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { wireTransports, wordOf } from "../support/wire-transports.ts";
import { invalid, orError, refusalOf, refused, tooLarge } from "./bad-input/refusal.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ limits: { keptChunksMax: 3, watchStreamsMax: 2 } });
});
afterAll(() => server.close());

type Entries = MessageInitShape<typeof AttemptOutputSchema>["entries"];

const json = (value: unknown) => ({ data: { case: "json" as const, value: JSON.stringify(value) } });
const chunk = (seq: number, value: unknown = seq) => ({
  seq: BigInt(seq),
  entry: { case: "chunk" as const, value: json(value) },
});
const now = { timeout: { seconds: 0n } };

async function collect(stream: AsyncIterable<WatchTaskOutputResponse>): Promise<WatchTaskOutputResponse[]> {
  const all: WatchTaskOutputResponse[] = [];
  for await (const response of stream) all.push(response);
  return all;
}

describe.each(wireTransports)("over %s", (name, open) => {
  let calls = 0;
  const transport = () => open(server.url);
  const outputs = () => createClient(TaskOutputService, transport());
  const tasks = () => createClient(TaskService, transport());
  const workers = () => createClient(WorkerService, transport());

  /** A task that somebody has leased. */
  async function leased() {
    const id = `${wordOf(name)}-${++calls}`;
    await tasks().enqueueTask({ id, name: "n", queue: id });
    const { grants } = await workers().leaseTasks({ queues: [id] });
    const leaseToken = grants[0]?.leaseToken ?? new Uint8Array();
    return {
      id,
      write: (...entries: NonNullable<Entries>) =>
        outputs().writeTaskOutput({ outputs: [{ leaseToken, entries }] }),
      settle: () =>
        workers().settleTasks({ settlements: [{ leaseToken, outcome: { case: "succeeded", value: {} } }] }),
    };
  }

  test("what an attempt puts out is read as it was written, by kind and from any place on", async () => {
    const { id, write, settle } = await leased();
    const progress = { percent: 40, message: "nearly half", data: json({ page: 4 }) };
    const log = { level: LogLevel.WARN, text: "tray 2 is empty", facts: json({ tray: 2 }) };
    const { results } = await write(
      { seq: 1n, entry: { case: "progress", value: progress } },
      { seq: 2n, entry: { case: "log", value: log } },
      chunk(3, "page 1"),
    );
    expect(results).toMatchObject([{ index: 0, writtenCount: 3, repeatedCount: 0, lostReason: 0 }]);
    expect((await write(chunk(3, "page 1"))).results).toMatchObject([{ writtenCount: 0, repeatedCount: 1 }]);
    const [all, ...others] = await collect(outputs().watchTaskOutput({ taskId: id, ...now }));
    expect(others).toEqual([]);
    expect(all).toMatchObject({
      entries: [
        { offset: 0n, attempt: 1, delivery: 1, entry: { case: "progress", value: progress } },
        { offset: 1n, entry: { case: "log", value: log } },
        { offset: 2n, entry: { case: "chunk", value: json("page 1") } },
      ],
      ...{ gaps: [], nextOffset: 3n, ended: false },
    });
    expect(all?.entries[0]?.time?.seconds).toBeGreaterThan(1_700_000_000n);
    await settle();
    const logs = { kinds: [OutputKind.LOG, OutputKind.PROGRESS], fromOffset: 1n };
    const [last] = await collect(outputs().watchTaskOutput({ taskId: id, ...logs }));
    expect(last).toMatchObject({ entries: [{ offset: 1n }], nextOffset: 3n, ended: true });
  });

  test("a watcher hears at once, live too where it is progress, and ends with the task", async () => {
    const { id, write, settle } = await leased();
    const watch = outputs().watchTaskOutput({ taskId: id })[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ entries: [], nextOffset: 0n, ended: false });
    await write({ seq: 1n, entry: { case: "progress", value: { percent: 10 } } });
    expect((await watch.next()).value).toMatchObject({ entries: [{ offset: 0n }], nextOffset: 1n });
    expect((await tasks().getTask({ taskId: id })).task?.progress).toMatchObject({ percent: 10 });
    await write(chunk(2));
    await settle();
    const rest: WatchTaskOutputResponse[] = [];
    for (let next = await watch.next(); !next.done; next = await watch.next()) rest.push(next.value);
    expect(rest.flatMap(({ entries }) => entries)).toMatchObject([{ offset: 1n }]);
    expect(rest.at(-1)).toMatchObject({ nextOffset: 2n, ended: true });
  });

  test("what was dropped is told, and what is beyond the lease is not taken", async () => {
    const { id, write, settle } = await leased();
    await write(chunk(1), chunk(2), chunk(3), chunk(4), chunk(5));
    const [page] = await collect(outputs().watchTaskOutput({ taskId: id, ...now }));
    expect(page?.gaps).toMatchObject([{ kind: OutputKind.CHUNK, keptFromOffset: 2n, droppedCount: 2n }]);
    expect(page?.entries.map(({ offset }) => offset)).toEqual([2n, 3n, 4n]);
    await settle();
    expect((await write(chunk(6))).results).toMatchObject([{ lostReason: LeaseLostReason.SETTLED }]);
    const forged = { leaseToken: new Uint8Array(80), entries: [chunk(1)] };
    expect((await outputs().writeTaskOutput({ outputs: [forged] })).results).toMatchObject([
      { writtenCount: 0, lostReason: LeaseLostReason.TOKEN_INVALID },
    ]);
  });

  test("what is wrong with one output is said of it, and the others are kept", async () => {
    const { write } = await leased();
    const errorsOf = ({ results }: { readonly results: readonly OutputVerdict[] }) =>
      results.map(({ error }) => error);
    const text = "x".repeat(4097);
    const wrong: readonly (readonly [NonNullable<Entries>[number], ReturnType<typeof invalid>])[] = [
      [{ seq: 1n, entry: { case: undefined } }, invalid("outputs[0].entries[0].entry")],
      [{ ...chunk(1), seq: -1n }, invalid("outputs[0].entries[0].seq")],
      [
        { entry: { case: "progress", value: { percent: 101 } } },
        invalid("outputs[0].entries[0].progress.percent"),
      ],
      [{ entry: { case: "log", value: { text } } }, invalid("outputs[0].entries[0].log.text")],
      [
        { entry: { case: "chunk", value: { data: { case: "json", value: "{" } } } },
        invalid("outputs[0].entries[0].chunk.json"),
      ],
    ];
    for (const [entry, refusal] of wrong)
      expect(await refusalOf(orError(write(entry), errorsOf))).toMatchObject(refusal);
    const large = {
      case: "chunk" as const,
      value: { data: { case: "binary" as const, value: new Uint8Array(65_537) } },
    };
    const tooMuch = await refusalOf(orError(write({ entry: large }), errorsOf));
    expect([tooMuch.code, tooMuch.reason]).toEqual([Code.ResourceExhausted, "PAYLOAD_TOO_LARGE"]);
    expect((await write(chunk(1))).results).toMatchObject([{ writtenCount: 1 }]);
    const many = Array.from({ length: 1001 }, (_, seq) => chunk(seq + 2));
    expect(await refusalOf(write(...many))).toMatchObject(tooLarge("BATCH_TOO_LARGE", "outputs"));
    expect(await refusalOf(outputs().writeTaskOutput({ outputs: [] }))).toMatchObject(invalid("outputs"));
  });

  test("a task that is not there has no output, and what is asked for must be right", async () => {
    const watch = (request: Parameters<ReturnType<typeof outputs>["watchTaskOutput"]>[0]) =>
      refusalOf(collect(outputs().watchTaskOutput(request)));
    expect(await watch({ taskId: "nobody" })).toMatchObject(refused(Code.NotFound, "TASK_UNKNOWN"));
    expect(await watch({ taskId: "" })).toMatchObject(invalid("task_id"));
    expect(await watch({ taskId: "a", fromOffset: -1n })).toMatchObject(invalid("from_offset"));
    expect(await watch({ taskId: "a", kinds: [9 as OutputKind] })).toMatchObject(invalid("kinds[0]"));
    expect(await watch({ taskId: "a", timeout: { seconds: -1n } })).toMatchObject(invalid("timeout"));
    expect(await watch({ taskId: "a", namespace: "b" })).toMatchObject({ reason: "NAMESPACE_UNKNOWN" });
  });

  test("more watchers than there may be are refused, until one goes", async () => {
    const { id } = await leased();
    const stops = [new AbortController(), new AbortController()];
    const begin = async ({ signal }: AbortController) => {
      const watch = outputs().watchTaskOutput({ taskId: id }, { signal })[Symbol.asyncIterator]();
      await watch.next();
      return watch;
    };
    const [first, second] = await Promise.all(stops.map(begin));
    const tooMany = await refusalOf(collect(outputs().watchTaskOutput({ taskId: id, ...now })));
    expect(tooMany).toMatchObject({ code: Code.ResourceExhausted, reason: "CONCURRENCY_LIMIT_REACHED" });
    for (const stop of stops) stop.abort();
    await Promise.allSettled([first?.next(), second?.next()]);
    await expect.poll(() => collect(outputs().watchTaskOutput({ taskId: id, ...now }))).toHaveLength(1);
  });
});
