/**
 * What the rows of the catalogue of bad input share: a live server on its default store, the two ways into it, and a look at it after
 * each row. Whatever was sent, a good request passes by both ways, what was refused has left nothing behind, and nothing has kept the event loop.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import { type Client, createClient } from "@connectrpc/connect";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { LimitService } from "@stem/proto/stem/v1/limit_service_pb";
import { NamespaceService } from "@stem/proto/stem/v1/namespace_service_pb";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { RoutingService } from "@stem/proto/stem/v1/routing_service_pb";
import { ScheduleService } from "@stem/proto/stem/v1/schedule_service_pb";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { createSystemClock } from "../../../server/src/lib/system-clock.ts";
import type { Instant } from "../../../server/src/model/ids.ts";
import { defaults, limits } from "../../../server/src/model/limits.ts";
import type { Store } from "../../../server/src/ports/store.ts";
import { openStore } from "../../../server/src/storage/open.ts";
import { watchLoop } from "../../support/loop-holds.ts";
import { createRecordingLog } from "../../support/recording-log.ts";
import { startWireServer, type WireServer, type WireWish } from "../../support/wire-server.ts";
import { wireTransports } from "../../support/wire-transports.ts";
import { type Refusal, refusalOf } from "./refusal.ts";

/** A caller of every service that rows need. */
export type Caller = {
  readonly tasks: Client<typeof TaskService>;
  readonly admin: Client<typeof TaskAdminService>;
  readonly queues: Client<typeof QueueService>;
  readonly namespaces: Client<typeof NamespaceService>;
  readonly limits: Client<typeof LimitService>;
  readonly workers: Client<typeof WorkerService>;
  readonly routing: Client<typeof RoutingService>;
  readonly canvases: Client<typeof CanvasService>;
  readonly schedules: Client<typeof ScheduleService>;
};

/** The server of one test file. Its properties are there once the file's first hook has run. */
export type AbusedServer = {
  readonly wire: WireServer;
  readonly store: Store;
  /** A caller by the way of that name. */
  caller(way: string): Caller;
  /** Sends each input, expects the same refusal of each, and that nothing is stored by any. */
  refuses<Input>(
    refusal: Refusal,
    inputs: readonly Input[],
    send: (input: Input) => Promise<unknown>,
  ): Promise<void>;
};

/** The ways in that rows take: each stack once, in the form that people write by hand. */
export const ways: readonly string[] = ["gRPC", "Connect with JSON"];

/** How long the event loop may ever be held. Server and callers share it; parsing five million brackets takes longer. */
const holdMsMax = 1500;

type AbuseWish = Omit<WireWish, "store">;

/** Starts a server for the rows of a file, looks at it after each, and closes it. */
export function abuseServer(wish: AbuseWish = {}): AbusedServer {
  let folder: string;
  let running: { readonly wire: WireServer; readonly store: Store } | undefined;
  const holds = watchLoop();
  const parts = () => {
    if (running === undefined) throw new Error("the server is not there yet");
    return running;
  };
  const caller = (way: string): Caller => callerOf(way, parts().wire.url);

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "stem-bad-input-"));
    const store = await openAt(path.join(folder, "stem.db"), wish);
    running = { store, wire: await startWireServer({ ...wish, store }) };
  });
  beforeEach(() => holds.start());
  afterEach(() => holds.stop());
  afterEach(async () => {
    await Promise.all(ways.map((way) => expectAlive(caller(way))));
    // What callers do wrong is no fault of the server.
    expect(parts().wire.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
  afterAll(async () => {
    await running?.wire.close();
    await rm(folder, { recursive: true, force: true });
    expect(holds.max()).toBeLessThan(holdMsMax);
  });

  return {
    get wire() {
      return parts().wire;
    },
    get store() {
      return parts().store;
    },
    caller,
    async refuses(refusal, inputs, send) {
      const witness = caller("gRPC");
      const before = await stored(witness);
      for (const input of inputs)
        expect(await refusalOf(send(input)), shown(input)).toEqual({ ...refusal, text: expect.anything() });
      expect(await stored(witness)).toEqual(before);
    },
  };
}

function openAt(file: string, wish: AbuseWish): Promise<Store> {
  return openStore(`sqlite:${file}`, {
    clock: createSystemClock<Instant>(),
    log: createRecordingLog(),
    limits: { ...limits, ...wish.limits },
    lease: { leaseMs: defaults.leaseMs, graceMs: defaults.leaseGraceMs },
  });
}

/** A caller of a server by the way of that name. */
export function callerOf(way: string, url: string): Caller {
  const [, open] = wireTransports.find(([name]) => name === way) ?? [];
  if (!open) throw new Error(`there is no way in called ${way}`);
  const transport = open(url);
  return {
    tasks: createClient(TaskService, transport),
    admin: createClient(TaskAdminService, transport),
    queues: createClient(QueueService, transport),
    namespaces: createClient(NamespaceService, transport),
    limits: createClient(LimitService, transport),
    workers: createClient(WorkerService, transport),
    routing: createClient(RoutingService, transport),
    canvases: createClient(CanvasService, transport),
    schedules: createClient(ScheduleService, transport),
  };
}

/** What would be different if something had been stored: the newest task and canvas, and the queues. */
async function stored({ tasks, queues, canvases }: Caller): Promise<object> {
  const [newest] = (await tasks.listTasks({ pageSize: 1 })).tasks;
  const names = (await queues.listQueues({ pageSize: 1000 })).queues.map(({ name }) => name);
  const [canvas] = (await canvases.listCanvases({ pageSize: 1 })).canvases;
  return { newest: newest && [newest.id, newest.revision], names, canvas: canvas?.id };
}

async function expectAlive({ tasks }: Caller): Promise<void> {
  const args = { data: { case: "json" as const, value: '["good"]' } };
  const { taskId } = await tasks.enqueueTask({ name: "good", queue: "good", args });
  const { task } = await tasks.getTask({ taskId });
  expect(task).toMatchObject({ id: taskId, state: TaskState.READY, args });
}

const inputCharsMax = 200;

const shown = (input: unknown): string =>
  inspect(input, { depth: 6, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 }).slice(
    0,
    inputCharsMax,
  );
