import { Code, createClient } from "@connectrpc/connect";
import { RevocationService } from "@stem/proto/stem/v1/revocation_service_pb";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

describe.each(wireTransports)("over %s", (name, open) => {
  const own = (suffix: string) => `${wordOf(name)}.${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return {
      revocations: createClient(RevocationService, transport),
      admin: createClient(TaskAdminService, transport),
      tasks: createClient(TaskService, transport),
    };
  };

  test("revocations are listed page by page with who and why, and withdrawn", async () => {
    const { revocations, admin, tasks } = connect();
    const taskIds = ["c", "a", "b"].map(own);
    await admin.revokeTasks({ taskIds, reason: "wrong order", requester: "ada", ttl: { seconds: 60n } });
    const mine = async (pageSize: number) => {
      const seen = [];
      let pageToken = "";
      do {
        const page = await revocations.listRevocations({ pageSize, pageToken });
        expect(page.revocations.length).toBeLessThanOrEqual(pageSize);
        seen.push(...page.revocations.filter(({ taskId }) => taskIds.includes(taskId)));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return seen;
    };
    const listed = await mine(2);
    expect(listed.map(({ taskId }) => taskId)).toEqual(["a", "b", "c"].map(own));
    const [first] = listed;
    expect(first).toMatchObject({ reason: "wrong order", requester: "ada" });
    expect((first?.expireTime?.seconds ?? 0n) - (first?.revokeTime?.seconds ?? 0n)).toBe(60n);
    const asked = { taskIds: [own("c"), own("nobody"), own("a")] };
    expect((await revocations.withdrawRevocations(asked)).withdrawnTaskIds).toEqual([own("c"), own("a")]);
    expect((await revocations.withdrawRevocations(asked)).withdrawnTaskIds).toEqual([]);
    expect((await mine(1000)).map(({ taskId }) => taskId)).toEqual([own("b")]);
    await tasks.enqueueTask({ id: own("a"), name: "a", queue: own("queue") });
    expect((await tasks.getTask({ taskId: own("a") })).task?.state).toBe(TaskState.READY);
  });

  test("ids that are none, too many or twice, and a page token of another question, are refused", async () => {
    const { revocations } = connect();
    const many = Array.from({ length: 1001 }, (_, at) => `id-${at}`);
    for (const taskIds of [[], [""], ["a b"], ["a", "a"], ["x".repeat(129)], many])
      expect((await failure(revocations.withdrawRevocations({ taskIds }))).code).toBe(Code.InvalidArgument);
    expect((await failure(revocations.listRevocations({ pageToken: "garbage" }))).code).toBe(
      Code.InvalidArgument,
    );
    expect((await failure(revocations.listRevocations({ pageSize: -1 }))).code).toBe(Code.InvalidArgument);
    const elsewhere = { namespace: "nowhere" };
    expect((await failure(revocations.listRevocations(elsewhere))).code).toBe(Code.NotFound);
    expect((await failure(revocations.withdrawRevocations({ ...elsewhere, taskIds: ["a"] }))).code).toBe(
      Code.NotFound,
    );
  });
});
