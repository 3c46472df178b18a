import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { tools } from "../../scripts/external-tools.ts";
import { instantOf, namespaceOf } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { openStore } from "../../server/src/storage/open.ts";
import { claimRequest, lease, only, settlementOf } from "../contract/subject.ts";
import { newTask } from "../support/new-task.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { startCluster, type TestCluster } from "../support/redis-cluster.ts";
import { testWithTool } from "../support/test-with-tool.ts";
import { until } from "../support/until.ts";

const done = { kind: "succeeded", result: undefined } as const;
const now = instantOf(1_800_000_000_000);
const namespaces = ["red", "green", "blue", "black"].map(namespaceOf);

const program = tools["redis-server"].find();
if (program === undefined)
  testWithTool("a cluster", { tool: "redis-server", timeoutMs: 1000, run: async () => undefined });
else testCluster(program);

function testCluster(redisServer: string): void {
  let cluster: TestCluster;
  let count = 0;
  beforeAll(async () => {
    cluster = await startCluster(redisServer);
  }, 60_000);
  afterAll(() => cluster.stop());

  async function open(): Promise<{ readonly store: Store; readonly prefix: string }> {
    count += 1;
    const prefix = `cluster-${count}`;
    const clock = { now: () => now, after: () => () => undefined };
    const options = { clock, limits, lease, log: createRecordingLog(), durability: "relaxed" } as const;
    const store = await openStore(cluster.url(prefix), options);
    onTestFinished(() => store.close());
    return { store, prefix };
  }

  test("namespaces stand on several masters, and what is asked of all of them is answered for all", {
    timeout: 60_000,
  }, async () => {
    const { store, prefix } = await open();
    const masters = await Promise.all(namespaces.map((name) => cluster.masterOf(`{${prefix}:${name}}:m`)));
    expect(new Set(masters).size).toBeGreaterThan(1);
    const tasks = namespaces.flatMap((namespace) =>
      Array.from({ length: 300 }, (_, i) => newTask(`task-${i}`, { namespace })),
    );
    const verdicts = await store.accept({ tasks, now, atomic: false });
    expect(verdicts.every((verdict) => verdict === "accepted")).toBe(true);
    for (const namespace of namespaces) {
      const claimed = await store.claim({ ...claimRequest(now), namespace });
      expect(claimed).toHaveLength(300);
      await store.settle(claimed.map((each) => ({ ...settlementOf(each, done, now), namespace })));
    }
    expect((await store.readEvents(undefined, 10_000)).events).toHaveLength(4 * 300 * 3);
    await store.putDefinitions([
      { namespace: only(namespaces.slice(0, 1)), name: newTask("a").name, record: new Uint8Array(3) },
    ]);
    expect(await store.listDefinitions(undefined, 10)).toHaveLength(1);
  });

  test("when a master is killed, its replica takes over, and the store goes on", {
    timeout: 60_000,
  }, async () => {
    const { store, prefix } = await open();
    const namespace = only(namespaces.slice(0, 1));
    const accept = (id: string) => store.accept({ tasks: [newTask(id, { namespace })], now, atomic: false });
    await accept("before");
    await cluster.kill(await cluster.masterOf(`{${prefix}:${namespace}}:m`));
    await until(() => accept("after").catch(() => false as const), {
      deadlineMs: 40_000,
      what: "the replica",
    });
    const claimed = await store.claim({ ...claimRequest(now), namespace });
    expect(claimed.map(({ id }) => id)).toContain("after");
  });
}
