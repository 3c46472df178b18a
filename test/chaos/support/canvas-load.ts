/** Canvases of chords in chords: made by chance, submitted until they are accepted, and read after the run. */

import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CanvasState, OnMemberFailure } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import type { Task } from "@stem/proto/stem/v1/task_pb";
import { TaskService, TaskView } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { chord, json, type Node, taskOf } from "../../support/canvas-nodes.ts";
import { until } from "../../support/until.ts";
import {
  type CalledEnd,
  calledPath,
  type FoundCanvas,
  type FoundTask,
  type PlannedChord,
  type PlannedMember,
} from "../checker/canvas-rules.ts";
import { body, type LeafKind, leaf } from "../processes/canvas-work.ts";
import { pass } from "./pass.ts";
import type { Random } from "./random.ts";

/** A canvas on its way in. */
type Made = { readonly plan: PlannedChord; readonly root: Node };

/** Submits and reads canvases of servers of one store, in turn, however often those are away. */
export type CanvasLoad = {
  /** What was accepted. */
  readonly accepted: ReadonlyMap<string, PlannedChord>;
  /** Submits one after the other until the signal aborts. */
  submit(lane: string, signal: AbortSignal): Promise<void>;
  /** Waits until all of them have ended. */
  ended(deadlineMs: number): Promise<void>;
  /** What became of one. */
  found(id: string): Promise<FoundCanvas>;
};

const timeoutMs = 3000;
/** When nobody is killed any more; a store that is behind takes its time. */
const readMsMax = 60_000;
const depthMax = 3;

/** Makes it. */
export function createCanvasLoad(urls: readonly string[], random: Random): CanvasLoad {
  const transports = urls.map((baseUrl) => createGrpcTransport({ baseUrl }));
  const everyCanvases = transports.map((each) => createClient(CanvasService, each));
  const everyTasks = transports.map((each) => createClient(TaskService, each));
  const accepted = new Map<string, PlannedChord>();
  let turn = 0;

  /** The client of the server whose turn it is. */
  function next<Client>(clients: readonly Client[]): Client {
    turn += 1;
    const client = clients[turn % clients.length];
    if (client === undefined) throw new Error("there is no server to ask");
    return client;
  }

  async function submitOne(id: string, signal: AbortSignal): Promise<void> {
    const { plan, root: tree } = makeChord(random, id, "r", 1);
    const link = linkTo(id, plan.path, "succeeded");
    const root = { ...tree, link, linkError: linkTo(id, plan.path, "failed") };
    // The server may have it although nobody said so: it is sent until somebody does, also when the load is over.
    for (;;) {
      const answer = await next(everyCanvases)
        .submitCanvas({ id, root }, { timeoutMs })
        .catch((error: unknown) => {
          if (/already_exists|invalid_argument/.test(String(error))) throw error;
        });
      if (answer !== undefined) break;
      await pass(50);
    }
    accepted.set(id, plan);
    await pass(random.between(20, 200), signal).catch(() => undefined);
  }

  async function state(canvasId: string): Promise<CanvasState | undefined> {
    return (await next(everyCanvases).getCanvas({ canvasId }, { timeoutMs: readMsMax })).canvas?.state;
  }

  return {
    accepted,
    async submit(lane, signal) {
      for (let at = 0; !signal.aborted; at += 1) await submitOne(`${lane}-${at}`, signal);
    },
    async ended(deadlineMs) {
      for (const id of accepted.keys())
        await until(async () => (await state(id)) !== CanvasState.OPEN, {
          ...{ deadlineMs, what: `canvas ${id} to end`, everyMs: 100 },
        });
    },
    async found(id) {
      const all: Task[] = [];
      await until(
        async () => {
          const wish = { tag: id, pageSize: 1000, view: TaskView.FULL };
          const { tasks: page } = await next(everyTasks).listTasks(wish);
          all.splice(0, all.length, ...page);
          // Members of a header that failed are cancelled a moment after its end.
          return page.every(({ endTime }) => endTime !== undefined);
        },
        { deadlineMs: 50_000, what: `all tasks of canvas ${id} to end` },
      );
      const name = wordOf(CanvasState, (await state(id)) ?? CanvasState.UNSPECIFIED);
      return { state: name, tasks: all.map(foundTask) };
    },
  };
}

/** The task that is made for an end of a canvas. */
const linkTo = (id: string, path: string, end: CalledEnd) => [
  { task: { name: body.name, tags: [id, calledPath(path, end)], options: optionsOf } },
];

function makeChord(random: Random, id: string, path: string, depth: number): Made {
  const count = random.whole(1, 5);
  const made = Array.from({ length: count }, (_, at) => {
    const isChord = depth < depthMax && random.chance(0.3);
    return (isChord ? makeChord : makeLeaf)(random, id, `${path}.${at}`, depth + 1);
  });
  const own = taskOf({ name: body.name, tags: [id, path], options: optionsOf });
  const isHasty = random.chance(0.5);
  const root = chord(
    made.map((one) => one.root),
    own,
    {
      onMemberFailure: isHasty ? OnMemberFailure.FAIL_FAST : OnMemberFailure.WAIT,
      ...(depth === 1 && { linkCompleted: linkTo(id, path, "completed") }),
    },
  );
  return { plan: { path, isHasty, header: made.map((one) => one.plan) }, root };
}

function makeLeaf(
  random: Random,
  id: string,
  path: string,
): { readonly plan: PlannedMember; readonly root: Node } {
  const chance = random.between(0, 1);
  const kind: LeafKind = chance < 0.04 ? "bad" : chance < 0.2 ? "flaky" : "good";
  const value = random.whole(0, 1000);
  const args = json([{ kind, ms: random.whole(5, 80), value }]);
  return {
    plan: { path, value, isBad: kind === "bad" },
    root: taskOf({ name: leaf.name, args, tags: [id, path], options: optionsOf }),
  };
}

const optionsOf = { maxAttempts: 2, maxDeliveries: 1000, retry: { baseDelay: { nanos: 20_000_000 } } };

function foundTask({ tags, state, createTime, endTime, result, deliveries }: Task): FoundTask {
  return {
    path: tags[1] ?? "",
    deliveries,
    state: wordOf(TaskState, state),
    createdAt: millis(createTime) ?? 0,
    endedAt: millis(endTime),
    result: result?.data.case === "json" ? JSON.parse(result.data.value) : undefined,
  };
}

/** The name of a value of an enum, in small letters. */
const wordOf = (all: Readonly<Record<string, number>>, value: number): string =>
  Object.keys(all)
    .find((name) => all[name] === value)
    ?.toLowerCase() ?? `${value}`;

const millis = (time: { readonly seconds: bigint; readonly nanos: number } | undefined): number | undefined =>
  time && Number(time.seconds) * 1000 + time.nanos / 1e6;
