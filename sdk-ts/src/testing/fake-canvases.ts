import { toBinary } from "@bufbuild/protobuf";
import { CanvasNodeSchema } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasCancelledError, CanvasFailedError } from "../canvas/canvas-errors.ts";
import type { CanvasHandle } from "../canvas/canvas-handle.ts";
import type { CanvasStatus } from "../canvas/canvas-status.ts";
import type { SubmitOptions } from "../canvas/canvas-submit.ts";
import { batchBy, type CanvasSubmitter } from "../canvas/canvases.ts";
import { materialized } from "../canvas/materialized.ts";
import { type AnyNode, beginningGroup } from "../canvas/node.ts";
import { nodeMessage } from "../canvas/node-message.ts";
import { newTaskId } from "../ids.ts";
import { StemProblem } from "../problem.ts";
import { type Left, NodeFailed, type RunDeps, runNode } from "./canvas-run.ts";
import { NoAnswerError } from "./fake-handles.ts";
import { NoServerError } from "./no-operators.ts";
import { namesIn, withMembers } from "./written-canvas.ts";

/** A canvas that was submitted on a fake client. */
export type RecordedCanvas = {
  readonly id: string;
  /** As it was written down, members that were read one after the other as arrays, and those that were added. */
  readonly canvas: AnyNode;
  readonly options: SubmitOptions;
};

/** What the canvases of a fake client need of it. */
export type FakeCanvasesDeps = Omit<RunDeps, "family"> & {
  /** Throws what the client refuses tasks of a name with, and that it is closed. */
  readonly admit: (taskName: string) => void;
};

/** The canvases of a fake client. */
export class FakeCanvases {
  readonly #deps: FakeCanvasesDeps;
  readonly #canvases = new Map<string, FakeCanvas>();
  readonly submitter: CanvasSubmitter;

  constructor(deps: FakeCanvasesDeps) {
    this.#deps = deps;
    const submit: CanvasSubmitter["submit"] = (canvas, options) => this.#submit(canvas, options ?? {});
    this.submitter = { submit, batch: batchBy(submit), canvas: (id) => handleOf(this.#find(id), false) };
  }

  get submitted(): readonly RecordedCanvas[] {
    return [...this.#canvases.values()].map(({ record }) => record);
  }

  /** Runs all of them as far as there are answers. */
  async run(): Promise<void> {
    for (const canvas of this.#canvases.values()) await canvas.runAsFarAsItGoes();
  }

  clear(): void {
    this.#canvases.clear();
  }

  async #submit<Result>(written: AnyNode, options: SubmitOptions): Promise<CanvasHandle<Result>> {
    const canvas = await materialized(written);
    for (const name of namesIn(canvas)) this.#deps.admit(name);
    const { id = newTaskId() } = options;
    const message = toBinary(CanvasNodeSchema, await nodeMessage(canvas));
    const before = this.#canvases.get(id);
    if (before && Buffer.compare(before.message, message) !== 0) throw problemOf("CANVAS_EXISTS", id);
    const fake = before ?? new FakeCanvas({ id, canvas, options }, message, this.#deps);
    this.#canvases.set(id, fake);
    return handleOf<Result>(fake, before !== undefined);
  }

  #find(id: string): FakeCanvas {
    const found = this.#canvases.get(id);
    if (found === undefined) throw problemOf("CANVAS_UNKNOWN", id);
    return found;
  }
}

const tasksMax = 10_000;

class FakeCanvas {
  readonly message: Uint8Array;
  readonly #deps: FakeCanvasesDeps;
  #record: RecordedCanvas;
  #isSealed: boolean;
  #isCancelled = false;
  #left: Promise<Left> | undefined;
  #state: CanvasStatus["state"] = "open";

  constructor(record: RecordedCanvas, message: Uint8Array, deps: FakeCanvasesDeps) {
    this.#record = record;
    this.#deps = deps;
    this.message = message;
    this.#isSealed = beginningGroup(record.canvas)?.content.gathering.open !== true;
  }

  get record(): RecordedCanvas {
    return this.#record;
  }

  get status(): CanvasStatus {
    const { id, options } = this.#record;
    const none = { cause: undefined, createdAt: undefined, endedAt: undefined, deadline: options.deadlineAt };
    return {
      ...{ id, name: options.name, tags: options.tags ?? [], state: this.#state },
      ...{ ...none, purgedAt: undefined, retryOf: undefined, groups: [] },
    };
  }

  async runAsFarAsItGoes(): Promise<void> {
    if (!this.#isSealed) return;
    await this.end().catch((error: unknown) => {
      const isEnd = error instanceof CanvasFailedError || error instanceof CanvasCancelledError;
      if (!isEnd && !(error instanceof NoAnswerError)) throw error;
    });
  }

  /** What it leaves. */
  async end(): Promise<Left> {
    const { id } = this.#record;
    if (this.#isCancelled) throw new CanvasCancelledError(id, undefined);
    if (!this.#isSealed) throw new Error(`canvas ${id} is open, and does not end before it is sealed`);
    this.#left ??= this.#run();
    return this.#left;
  }

  async #run(): Promise<Left> {
    const { id, canvas, options } = this.#record;
    const { trace, parentId, rootId } = options;
    const family = {
      ...(trace && { trace }),
      ...(parentId !== undefined && { parentId }),
      ...(rootId !== undefined && { rootId }),
    };
    let ends = 0;
    const end: RunDeps["end"] = (fake) => {
      ends += 1;
      if (ends > tasksMax) throw new Error(`more than ${tasksMax} tasks came of canvas ${id}`);
      return this.#deps.end(fake);
    };
    try {
      const left = await runNode({ ...this.#deps, end, family }, canvas, {
        path: id,
        inherited: {},
        before: undefined,
      });
      this.#state = "succeeded";
      return left;
    } catch (error) {
      // The test may still say what was missing.
      if (!(error instanceof NodeFailed)) this.#left = undefined;
      if (!(error instanceof NodeFailed)) throw error;
      this.#state = "failed";
      throw new CanvasFailedError(id, error.why);
    }
  }

  async add(members: readonly AnyNode[], seal: boolean): Promise<number> {
    const group = beginningGroup(this.#record.canvas);
    if (group === undefined || this.#isSealed) throw problemOf("CANVAS_GROUP_CLOSED", this.#record.id);
    for (const name of members.flatMap((member) => namesIn(member))) this.#deps.admit(name);
    const { canvas, first } = withMembers(this.#record.canvas, members);
    this.#record = { ...this.#record, canvas };
    this.#isSealed = seal;
    return first;
  }

  seal(): void {
    this.#isSealed = true;
  }

  cancel(): CanvasStatus["state"] {
    if (this.#state !== "open") return this.#state;
    this.#isCancelled = true;
    this.#state = "cancelled";
    return "cancelled";
  }
}

function handleOf<Result>(fake: FakeCanvas, deduplicated: boolean): CanvasHandle<Result> {
  const noServer = (call: string) => async (): Promise<never> => {
    throw new NoServerError(`${call} of a canvas needs a server: nothing runs the tasks of a fake client`);
  };
  return {
    ...{ id: fake.record.id, deduplicated },
    async result({ signal } = {}) {
      signal?.throwIfAborted();
      return (await fake.end()).value as Result;
    },
    get: async () => fake.status,
    async *watch() {
      yield fake.status;
      if (fake.status.state !== "open") return;
      await fake.end().catch(() => undefined);
      yield fake.status;
    },
    addMembers: async (members, { seal = false } = {}) =>
      fake.add(await Array.fromAsync(members, (member) => materialized(member)), seal),
    seal: async () => fake.seal(),
    cancel: async () => fake.cancel(),
    async *members() {
      yield await noServer("members")();
    },
    ...{ inspect: noServer("inspect"), resultOf: noServer("resultOf") },
    ...{ retry: noServer("retry"), explain: noServer("explain") },
  };
}

const problemOf = (reason: "CANVAS_EXISTS" | "CANVAS_UNKNOWN" | "CANVAS_GROUP_CLOSED", canvasId: string) =>
  new StemProblem({
    reason,
    code:
      reason === "CANVAS_UNKNOWN"
        ? "NOT_FOUND"
        : reason === "CANVAS_EXISTS"
          ? "ALREADY_EXISTS"
          : "FAILED_PRECONDITION",
    message: `${reason}: canvas ${canvasId} of the fake client`,
    metadata: { canvasId },
    violations: [],
    retryAfterMs: undefined,
    outcome: "not_accepted",
  });
