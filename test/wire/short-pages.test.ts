import { createClient } from "@connectrpc/connect";
import { TaskBatchService } from "@stem/proto/stem/v1/task_batch_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { wireTransports } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ limits: { scannedTasksMax: 4 } });
  const tasks = ["rare", ...Array.from({ length: 9 }, () => "usual")].map((name) => ({ name }));
  await createClient(TaskService, wireTransports[0]?.[1](server.url) as never).enqueueTasks({ tasks });
});
afterAll(() => server.close());

describe.each(wireTransports)("over %s", (_, open) => {
  test("a list that looked at as many tasks as it may says where to go on, also when it found none", async () => {
    const tasks = createClient(TaskService, open(server.url));
    const found: number[] = [];
    let pageToken = "";
    do {
      const page = await tasks.listTasks({ name: "rare", pageToken });
      found.push(page.tasks.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(found).toEqual([0, 0, 1]);
  });

  test("a call by filter does, too", async () => {
    const batches = createClient(TaskBatchService, open(server.url));
    const found: bigint[] = [];
    let pageToken = "";
    do {
      const batch = { filter: { name: "rare" }, dryRun: true, pageToken };
      const { outcome } = await batches.cancelTasks({ batch });
      found.push(outcome?.matchedCount ?? -1n);
      pageToken = outcome?.nextPageToken ?? "";
    } while (pageToken !== "");
    expect(found).toEqual([0n, 0n, 1n]);
  });
});
