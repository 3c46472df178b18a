import { expect, test } from "vitest";
import { limits } from "../../../server/src/model/limits.ts";
import type { Store } from "../../../server/src/ports/store.ts";
import { createMemoryStore } from "../../../server/src/storage/memory/memory.ts";
import { lengthField } from "../../support/protobuf-bytes.ts";
import { explained, framed, grpcError, grpcStatus, rawAnswer, rawCall } from "../../support/raw-http2.ts";
import { failure } from "../../support/wire-transports.ts";
import { emptyFrame, liveServer, paths } from "./live-server.ts";

const unaryMsMax = 400;
const deadlineExceeded = "4";

const gate = Promise.withResolvers<void>();
/** A store that commits what is for the queue "slow" only when the test lets it, and never reads the task "stuck". */
function slowStore(): Store {
  const store = createMemoryStore({ limits });
  return {
    ...store,
    async accept(batch) {
      if (batch.tasks.some(({ queue }) => queue === "slow")) await gate.promise;
      return await store.accept(batch);
    },
    read: (refs) => (refs.some(({ id }) => id === "stuck") ? new Promise(() => undefined) : store.read(refs)),
  };
}

const server = liveServer(() => ({ store: slowStore(), limits: { unaryMsMax } }));

test("D025 a unary call without a deadline gets the server's, 30 s", async () => {
  expect(limits.unaryMsMax).toBe(30_000);
  const answer = await server.call(paths.getTask, framed(lengthField(2, "stuck")));
  expect(grpcStatus(answer)).toBe(deadlineExceeded);
  expect(explained(grpcError(answer)).reason).toBe("DEADLINE_EXCEEDED");
});

test("D026 a deadline that passes during the commit is DEADLINE_EXCEEDED, and the same task again is safe", async () => {
  const task = { id: "late", name: "n", queue: "slow" };
  const body = framed(Buffer.concat([lengthField(1, "late"), lengthField(2, "n"), lengthField(4, "slow")]));
  const answer = await server.call(paths.enqueueTask, body, { "grpc-timeout": "100m" });
  expect(grpcStatus(answer)).toBe(deadlineExceeded);
  expect((await failure(server.tasks.getTask({ taskId: task.id }))).code).toBe(5);
  gate.resolve();
  // Unknown means that it may yet be stored. It is, once, however often it is asked for.
  const again = await Promise.all([server.tasks.enqueueTask(task), server.tasks.enqueueTask(task)]);
  expect(again.map(({ deduplicated }) => deduplicated)).toEqual([true, true]);
  const { tasks } = await server.tasks.listTasks({ queue: task.queue });
  expect(tasks.map(({ id }) => id)).toEqual([task.id]);
});

test("D038 a call whose message never comes ends at the server's limit", async () => {
  const session = await server.session();
  const silent = rawCall(session, paths.check);
  const halfway = rawCall(session, paths.check);
  halfway.write(Buffer.of(0, 0, 0, 0, 9, 1));
  const unended = rawCall(session, paths.check);
  unended.write(emptyFrame);
  for (const stream of [silent, halfway, unended])
    expect(grpcStatus(await rawAnswer(stream))).toBe(deadlineExceeded);
});
