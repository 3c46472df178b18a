import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { type Canvas, CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { LimitService } from "@stem/proto/stem/v1/limit_service_pb";
import type { Task } from "@stem/proto/stem/v1/task_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { task } from "../../support/canvas-nodes.ts";
import { type CanvasRunner, createCanvasRunner, Further, type Handler } from "../../support/canvas-runner.ts";

/** A caller of canvases, and a worker of a queue that only its test uses. */
export type CanvasCaller = {
  readonly canvases: Client<typeof CanvasService>;
  readonly tasks: Client<typeof TaskService>;
  readonly workers: Client<typeof WorkerService>;
  readonly limits: Client<typeof LimitService>;
  runner(queue: string): CanvasRunner;
  canvas(canvasId: string): Promise<Canvas>;
  task(taskId: string): Promise<Task>;
  /** What a watch tells, until it is over. */
  watched(canvasId: string): Promise<readonly Canvas[]>;
};

const handlers: Readonly<Record<string, Handler>> = {
  ok: (...args) => args.at(-1) ?? null,
  all: (...args) => args,
  fail() {
    throw new Error("as it was asked");
  },
  grow: (...more) => new Further(0, ...more.map((each) => task("ok", each))),
};

/** Makes one. */
export function canvasCaller(transport: Transport): CanvasCaller {
  const canvases = createClient(CanvasService, transport);
  const tasks = createClient(TaskService, transport);
  return {
    ...{ canvases, tasks },
    workers: createClient(WorkerService, transport),
    limits: createClient(LimitService, transport),
    runner: (queue) => createCanvasRunner(transport, handlers, { namespace: "default", queue }),
    async canvas(canvasId) {
      const { canvas } = await canvases.getCanvas({ canvasId });
      if (canvas === undefined) throw new Error("there is no canvas");
      return canvas;
    },
    async task(taskId) {
      const found = (await tasks.getTask({ taskId })).task;
      if (found === undefined) throw new Error("there is no task");
      return found;
    },
    async watched(canvasId) {
      const seen: Canvas[] = [];
      for await (const { canvas } of canvases.watchCanvas({ canvasId })) if (canvas) seen.push(canvas);
      return seen;
    },
  };
}

/** Whether it has ended. */
export const isOver = ({ state }: Canvas): boolean => state !== CanvasState.OPEN;
