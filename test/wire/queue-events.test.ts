import { Code, createClient } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { QueueEventService, type WatchQueueEventsResponse } from "@stem/proto/stem/v1/queue_event_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";
import { invalid, refusalOf, tooLarge } from "./bad-input/refusal.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ limits: { queueEventsMax: 3 } });
});
afterAll(() => server.close());

const json = (value: unknown) => ({ data: { case: "json" as const, value: JSON.stringify(value) } });
const now = { timeout: { seconds: 0n } };

async function collect(stream: AsyncIterable<WatchQueueEventsResponse>): Promise<WatchQueueEventsResponse[]> {
  const all: WatchQueueEventsResponse[] = [];
  for await (const response of stream) all.push(response);
  return all;
}

describe.each(wireTransports)("over %s", (name, open) => {
  let calls = 0;
  const freshQueue = (): string => `${wordOf(name)}-${++calls}`;
  const events = () => createClient(QueueEventService, open(server.url));

  test("an event is read as it was emitted, once however often that was said", async () => {
    const queue = freshQueue();
    const event = {
      queue,
      name: "order.paid",
      payload: json({ order: 7 }),
      headers: { tenant: "a", b: "2" },
    };
    expect(await events().emitQueueEvent({ ...event, eventId: "e-1" })).toMatchObject({
      ...{ eventId: "e-1", offset: 0n, deduplicated: false },
    });
    const again = { ...event, headers: { b: "2", tenant: "a" }, eventId: "e-1" };
    expect(await events().emitQueueEvent(again)).toMatchObject({ offset: 0n, deduplicated: true });
    const { eventId } = await events().emitQueueEvent({ queue, name: "order.sent" });
    expect(eventId).toMatch(/^[0-9a-f-]{36}$/);
    const [page] = await collect(events().watchQueueEvents({ queue, fromOffset: 0n, ...now }));
    expect(page).toMatchObject({
      events: [
        { offset: 0n, id: "e-1", ...event },
        { offset: 1n, id: eventId, queue, name: "order.sent", headers: {} },
      ],
      nextOffset: 2n,
    });
    expect(page?.gap).toBeUndefined();
    const other = await failure(events().emitQueueEvent({ ...event, name: "other", eventId: "e-1" }));
    expect(other.code).toBe(Code.AlreadyExists);
    expect(other.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      ...{ reason: "QUEUE_EVENT_EXISTS", metadata: { queue, eventId: "e-1" } },
    });
  });

  test("each watcher hears of every event it asked for, from the place it asked for", async () => {
    const queue = freshQueue();
    await events().emitQueueEvent({ queue, name: "before" });
    const watch = (request: object) =>
      events()
        .watchQueueEvents({ queue, ...request })
        [Symbol.asyncIterator]();
    const [fresh, all, named] = [watch({}), watch({ fromOffset: 0n }), watch({ names: ["b"] })];
    expect((await fresh.next()).value).toMatchObject({ events: [], nextOffset: 1n });
    expect((await all.next()).value).toMatchObject({ events: [{ name: "before" }], nextOffset: 1n });
    expect((await named.next()).value).toMatchObject({ events: [], nextOffset: 1n });
    await events().emitQueueEvent({ queue, name: "a" });
    for (const watcher of [fresh, all])
      expect((await watcher.next()).value).toMatchObject({ events: [{ name: "a" }], nextOffset: 2n });
    await events().emitQueueEvent({ queue, name: "b" });
    expect((await named.next()).value).toMatchObject({ events: [{ name: "b" }], nextOffset: 3n });
    for (const watcher of [fresh, all, named]) await watcher.return?.();
  });

  test("a watcher that comes late is told what it missed", async () => {
    const queue = freshQueue();
    for (const each of ["a", "b", "c", "d", "e"]) await events().emitQueueEvent({ queue, name: each });
    const [page] = await collect(events().watchQueueEvents({ queue, fromOffset: 1n, ...now }));
    expect(page).toMatchObject({
      events: [{ name: "c" }, { name: "d" }, { name: "e" }],
      gap: { keptFromOffset: 2n, droppedCount: 2n },
    });
  });

  test("what is wrong with an event or a watch is said", async () => {
    const queue = freshQueue();
    const emit = (more: object) => refusalOf(events().emitQueueEvent({ queue, name: "n", ...more }));
    expect(await emit({ name: "" })).toMatchObject(invalid("name"));
    expect(await emit({ name: "two words" })).toMatchObject(invalid("name"));
    expect(await emit({ queue: "" })).toMatchObject(invalid("queue"));
    expect(await emit({ eventId: "" })).toMatchObject(invalid("event_id"));
    expect(await emit({ headers: { a: "x".repeat(4097) } })).toMatchObject(invalid('headers["a"]'));
    const large = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`h${n}`, "x".repeat(4000)]));
    expect(await emit({ headers: large })).toMatchObject(invalid("headers"));
    const payload = { data: { case: "binary", value: new Uint8Array(65_537) } };
    expect(await emit({ payload })).toMatchObject({
      ...tooLarge("PAYLOAD_TOO_LARGE", "payload.binary"),
    });
    const watch = (request: object) => refusalOf(collect(events().watchQueueEvents({ queue, ...request })));
    expect(await watch({ fromOffset: -1n })).toMatchObject(invalid("from_offset"));
    expect(await watch({ names: ["a", "a"] })).toMatchObject(invalid("names"));
    expect(await watch({ queue: "two words" })).toMatchObject(invalid("queue"));
    expect(await watch({ timeout: { seconds: -1n } })).toMatchObject(invalid("timeout"));
    expect(await watch({ namespace: "b" })).toMatchObject({ reason: "NAMESPACE_UNKNOWN" });
  });
});
