import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { StatusSchema } from "@stem/proto/google/rpc/status_pb";
import { type Task, TaskSchema } from "@stem/proto/stem/v1/task_pb";
import { type AwaitTasksResponse, AwaitTasksResponseSchema } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { expect, test } from "vitest";
import { createManualClock, rest } from "../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../test/support/recording-log.ts";
import { AwaitPool } from "./await-pool.ts";

type Opened = {
  readonly ids: string;
  readonly seen: readonly bigint[];
  readonly signal: AbortSignal;
  readonly say: (response: AwaitTasksResponse) => Promise<void>;
  readonly end: (error?: ConnectError) => Promise<void>;
};

/** A pool whose streams the test answers itself. */
function setUp(limits = { streamsMax: 2, tasksPerStreamMax: 3 }) {
  const clock = createManualClock();
  const opened: Opened[] = [];
  const open = (tasks: readonly { taskId: string; seenRevision: bigint }[], signal: AbortSignal) => {
    const { readable, writable } = new TransformStream<AwaitTasksResponse, AwaitTasksResponse>();
    const writer = writable.getWriter();
    writer.closed.catch(() => undefined);
    signal.addEventListener("abort", () => void writer.abort(new ConnectError("aborted", Code.Canceled)));
    opened.push({
      ids: tasks.map(({ taskId }) => taskId).join(""),
      seen: tasks.map(({ seenRevision }) => seenRevision),
      signal,
      say: (response) => writer.write(response),
      end: async (error) => {
        await (error ? writer.abort(error) : writer.close());
        await rest();
      },
    });
    return readable;
  };
  const log = createRecordingLog();
  const pool = new AwaitPool({ open, clock, random: () => 0.5, log }, limits);
  const heard: string[] = [];
  const watch = (taskId: string) =>
    pool.watch(taskId, {
      onTask: ({ state }) =>
        void heard.push(`${taskId} ${TaskState.SUCCEEDED === state ? "ended" : "lives"}`),
      onProgress: ({ percent }) => void heard.push(`${taskId} ${percent}%`),
      onError: (error) => void heard.push(`${taskId} ${error.name}`),
    });
  const live = () => opened.filter(({ signal }) => !signal.aborted).map(({ ids }) => ids);
  return { clock, pool, watch, opened, live, heard };
}

const news = (id: string, revision: bigint, state: TaskState = TaskState.SUCCEEDED) =>
  update(id, { case: "task", value: create(TaskSchema, { id, revision, state }) as Task });

const update = (taskId: string, value: AwaitTasksResponse["updates"][number]["update"]) =>
  create(AwaitTasksResponseSchema, { updates: [{ taskId, update: value }] });

test("waits of one turn share a stream, and each hears of its own task", async () => {
  const { watch, opened, heard } = setUp();
  watch("a");
  watch("b");
  watch("b");
  await rest();
  expect(opened.map(({ ids }) => ids)).toEqual(["ab"]);
  await opened[0]?.say(news("b", 4n, TaskState.LEASED));
  await opened[0]?.say(
    create(AwaitTasksResponseSchema, { updates: [...news("a", 2n).updates, ...news("b", 5n).updates] }),
  );
  expect(heard).toEqual(["b lives", "b lives", "a ended", "b ended", "b ended"]);
});

test("later waits join the emptiest stream, which goes on from what it has seen", async () => {
  const { clock, watch, opened, live } = setUp();
  for (const id of ["a", "b", "c"]) watch(id);
  await rest();
  watch("d");
  await rest();
  await opened[1]?.say(news("d", 7n, TaskState.LEASED));
  watch("e");
  await clock.advance(9);
  expect(live()).toEqual(["abc", "d"]);
  await clock.advance(1);
  expect(live()).toEqual(["abc", "ed"]);
  expect(opened[2]?.seen).toEqual([0n, 7n]);
});

test("when not all fit at once, they take turns", async () => {
  const { clock, watch, live } = setUp({ streamsMax: 1, tasksPerStreamMax: 2 });
  for (const id of ["a", "b", "c", "d"]) watch(id);
  await rest();
  expect(live()).toEqual(["ab"]);
  await clock.advance(1000);
  expect(live()).toEqual(["cd"]);
  await clock.advance(1000);
  expect(live()).toEqual(["ab"]);
});

test("a broken stream is opened again, with what was seen, after a wait that grows", async () => {
  const { clock, watch, opened, live } = setUp();
  watch("a");
  await rest();
  await opened[0]?.say(news("a", 3n, TaskState.LEASED));
  await opened[0]?.end(new ConnectError("gone", Code.Unavailable));
  await clock.advance(49);
  expect(live()).toEqual([]);
  await clock.advance(1);
  expect(opened[1]).toMatchObject({ ids: "a", seen: [3n] });
  await opened[1]?.end(new ConnectError("gone", Code.Unavailable));
  await clock.advance(99);
  expect(opened).toHaveLength(2);
  await clock.advance(1);
  expect(opened).toHaveLength(3);
});

test("a stream that ends too early is not opened in a tight loop", async () => {
  const { clock, watch, opened } = setUp();
  watch("a");
  await rest();
  await opened[0]?.end();
  await clock.advance(999);
  expect(opened).toHaveLength(1);
  await clock.advance(1);
  expect(opened).toHaveLength(2);
});

test("a refusal of all ends all waits on it; a refusal of one ends that one", async () => {
  const { watch, opened, heard } = setUp();
  watch("a");
  watch("b");
  await rest();
  const unknown = create(StatusSchema, { code: 5 });
  await opened[0]?.say(update("a", { case: "error", value: unknown }));
  expect(heard).toEqual(["a StemProblem"]);
  await opened[0]?.end(new ConnectError("no", Code.PermissionDenied));
  expect(heard).toEqual(["a StemProblem", "b StemProblem"]);
});

test("a task that cannot be read for now is asked for again", async () => {
  const { clock, watch, opened, heard } = setUp();
  watch("a");
  await rest();
  const away = create(StatusSchema, { code: 14 });
  await opened[0]?.say(update("a", { case: "error", value: away }));
  await opened[0]?.end();
  await clock.advance(1000);
  expect(opened[1]?.ids).toBe("a");
  expect(heard).toEqual([]);
});

test("who stops listening hears no more, and the last one to do so closes the stream", async () => {
  const { clock, watch, opened, heard, live } = setUp();
  const stopA = watch("a");
  const stopB = watch("b");
  await rest();
  stopA();
  await opened[0]?.say(
    update("a", { case: "progress", value: { $typeName: "stem.v1.Progress", percent: 5, message: "" } }),
  );
  await opened[0]?.say(
    update("b", { case: "progress", value: { $typeName: "stem.v1.Progress", percent: 7, message: "" } }),
  );
  expect(heard).toEqual(["b 7%"]);
  stopB();
  stopB();
  expect(live()).toEqual([]);
  await clock.advance(0);
  expect(clock.timerCount).toBe(0);
});

test("closing ends every wait, and later ones at once", async () => {
  const { clock, pool, watch, opened, heard } = setUp();
  watch("a");
  await rest();
  pool.close();
  watch("b");
  expect(heard).toEqual(["a ClientClosedError", "b ClientClosedError"]);
  expect(opened[0]?.signal.aborted).toBe(true);
  await clock.advance(10_000);
  expect(opened).toHaveLength(1);
});
