import { Code, createClient } from "@connectrpc/connect";
import { BroadcastDelivery, BroadcastService } from "@stem/proto/stem/v1/broadcast_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

describe.each(wireTransports)("over %s", (name, open) => {
  const channel = wordOf(name);
  const connect = () => {
    const transport = open(server.url);
    return {
      tasks: createClient(TaskService, transport),
      broadcasts: createClient(BroadcastService, transport),
      workers: createClient(WorkerService, transport),
    };
  };

  test("a broadcast is published once, read, listed and ended", async () => {
    const { broadcasts, tasks } = connect();
    const id = `${channel}-1`;
    const request = {
      channel,
      task: { id, name: "reload", args: { data: { case: "json" as const, value: "[1]" } }, tags: ["t"] },
      expiresAfter: { seconds: 3600n },
      delivery: BroadcastDelivery.AT_MOST_ONCE,
    };
    expect(await broadcasts.publishBroadcast(request)).toMatchObject({
      broadcastId: id,
      deduplicated: false,
      listenerCount: 0,
    });
    expect(await broadcasts.publishBroadcast(request)).toMatchObject({ deduplicated: true });
    const { broadcast, outcomes } = await broadcasts.getBroadcast({ broadcastId: id });
    expect(broadcast).toMatchObject({
      ...{ id, channel, namespace: "default", name: "reload", live: true },
      delivery: BroadcastDelivery.AT_MOST_ONCE,
    });
    expect(Number(broadcast?.expireTime?.seconds) - Number(broadcast?.createTime?.seconds)).toBe(3600);
    expect(outcomes).toEqual([]);

    await broadcasts.publishBroadcast({ channel, task: { id: `${channel}-2`, name: "reload" } });
    const first = await broadcasts.listBroadcasts({ channel, pageSize: 1 });
    const second = await broadcasts.listBroadcasts({ channel, pageSize: 1, pageToken: first.nextPageToken });
    expect([...first.broadcasts, ...second.broadcasts].map((each) => each.id)).toEqual([`${channel}-2`, id]);
    expect(second.nextPageToken).toBe("");

    expect(await broadcasts.deleteBroadcast({ broadcastId: id })).toMatchObject({
      cancelledCount: 0,
      runningCount: 0,
    });
    expect((await broadcasts.getBroadcast({ broadcastId: id })).broadcast?.live).toBe(false);
    expect((await tasks.getTask({ taskId: id })).task).toMatchObject({ state: TaskState.CANCELLED });
  });

  test("what is not as it must be is refused, and nothing is published", async () => {
    const { broadcasts, tasks } = connect();
    const task = { id: `${channel}-bad`, name: "reload" };
    const bad = [
      { channel },
      { channel, task: { ...task, name: "" } },
      { channel, task: { ...task, queue: "q" } },
      { channel, task: { ...task, routingKey: "k" } },
      { channel, task: { ...task, options: { start: { case: "delay" as const, value: { seconds: 1n } } } } },
      { channel, task: { ...task, options: { link: [{ task: { name: "b" } }] } } },
      { channel: "", task },
      { channel: "~inbox/1", task },
      { channel: "a b", task },
      { channel, task, expiresAfter: { seconds: 0n } },
      { channel, task, expiresAfter: { seconds: 2_592_001n } },
      { channel, task, delivery: 9 as BroadcastDelivery },
    ];
    for (const request of bad)
      expect((await failure(broadcasts.publishBroadcast(request))).code).toBe(Code.InvalidArgument);
    await expect(broadcasts.getBroadcast({ broadcastId: task.id })).rejects.toMatchObject({
      code: Code.NotFound,
    });
    await tasks.enqueueTask({ id: `${channel}-plain`, name: "a" });
    for (const broadcastId of [task.id, `${channel}-plain`]) {
      for (const call of [
        broadcasts.getBroadcast({ broadcastId }),
        broadcasts.deleteBroadcast({ broadcastId }),
      ])
        expect((await failure(call)).code).toBe(Code.NotFound);
    }
    const taken = { channel, task: { ...task, id: `${channel}-plain` } };
    expect((await failure(broadcasts.publishBroadcast(taken))).code).toBe(Code.AlreadyExists);
  });

  test("nobody can name an inbox", async () => {
    const { tasks, workers } = connect();
    for (const queue of ["~inbox/1", "~broadcasts"]) {
      for (const call of [tasks.enqueueTask({ name: "a", queue }), workers.leaseTasks({ queues: [queue] })])
        expect((await failure(call)).code).toBe(Code.InvalidArgument);
    }
  });
});
