import { fromBinary } from "@bufbuild/protobuf";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { createSystemClock } from "../../../server/src/lib/system-clock.ts";
import type { EventPosition } from "../../../server/src/model/event.ts";
import { type Bytes, defaultNamespace, type Instant } from "../../../server/src/model/ids.ts";
import { defaults, limits } from "../../../server/src/model/limits.ts";
import type { Task } from "../../../server/src/model/task.ts";
import type { Store } from "../../../server/src/ports/store.ts";
import { openStore } from "../../../server/src/storage/open.ts";
import type { StoredEvent, StoredTask } from "../checker/evidence.ts";
import { hashOfJson } from "../history.ts";

const pageSize = 1000;
const say = (): void => undefined;

/** Everything that a store keeps, read after its server has ended: all tasks, and the log from its beginning. */
export async function exportStore(url: string): Promise<{ tasks: StoredTask[]; events: StoredEvent[] }> {
  const fault = Promise.withResolvers<never>();
  const store = await openStore(url, {
    clock: createSystemClock<Instant>(),
    log: { debug: say, info: say, warn: say, error: say },
    limits,
    lease: { leaseMs: defaults.leaseMs, graceMs: defaults.leaseGraceMs },
    durability: "disk",
    onFatal: fault.reject,
  });
  try {
    const read = async () => ({ tasks: await allTasks(store), events: await allEvents(store) });
    return await Promise.race([read(), fault.promise]);
  } finally {
    await store.close();
  }
}

async function allTasks(store: Store): Promise<StoredTask[]> {
  const found: StoredTask[] = [];
  for (let after: number | undefined; ; ) {
    const page = await store.list({
      namespace: defaultNamespace,
      states: [],
      queue: undefined,
      name: undefined,
      tag: undefined,
      createdFrom: undefined,
      createdTo: undefined,
      limit: pageSize,
      after,
      bytesMax: limits.frameBytesMax,
      full: true,
    });
    found.push(...page.tasks.map(storedTask));
    if (page.cursor === undefined) return found;
    after = page.cursor;
  }
}

async function allEvents(store: Store): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for (let after: EventPosition | undefined; ; ) {
    const { events, truncated } = await store.readEvents(after, pageSize);
    if (truncated) throw new Error("the log of events has lost its beginning: it proves nothing");
    found.push(...events.map(({ taskId, kind, revision, at }) => ({ task: taskId, kind, revision, at })));
    const last = events.at(-1);
    if (last === undefined) return found;
    after = last.position;
  }
}

function storedTask({ id, state, reason, fence, deliveries, content, result }: Task): StoredTask {
  const args = fromBinary(NewTaskSchema, content).args?.data;
  return {
    id,
    state,
    reason,
    fence: fence && [fence.epoch, fence.seq],
    argsHash: args?.case === "json" ? hashOfJson(args.value) : "",
    resultHash: result && resultHash(result),
    deliveries,
  };
}

function resultHash(result: Bytes): string | undefined {
  const { data } = fromBinary(PayloadSchema, result);
  return data.case === "json" ? hashOfJson(data.value) : undefined;
}
