import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type Canvas, type CanvasNode, CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { afterAll } from "vitest";
import { chain, group, type Node, plainValue, task } from "../../support/canvas-nodes.ts";
import {
  type CanvasRunner,
  createCanvasRunner,
  Further,
  type Handler,
  Replacement,
} from "../../support/canvas-runner.ts";
import { startStem } from "../../support/whole-stem.ts";

/** What is added to each of a list, told by names. */
type Added = { readonly plus: number; readonly result: readonly number[]; readonly z?: number };

/** A canvas as a call takes it. */
type Root = Node | CanvasNode;

/** A namespace of its own on a server, a producer of canvases and a worker. */
export type CanvasStory = {
  readonly namespace: string;
  readonly canvases: Client<typeof CanvasService>;
  readonly tasks: Client<typeof TaskService>;
  readonly runner: CanvasRunner;
  /** How often a handler ran. */
  count(name: string): number;
  /** The arguments of the first run of a handler. */
  given(name: string): readonly unknown[] | undefined;
  /** Submits a canvas. */
  submit(root: Root): Promise<string>;
  /** Submits a canvas and runs it; answers what it left. Throws where it did not succeed. */
  result(root: Root): Promise<unknown>;
  /** Submits a canvas and runs it; answers it as it is then. */
  ended(root: Root): Promise<Canvas>;
  /** What a canvas left that has been run. */
  left(canvasId: string): Promise<unknown>;
};

/** Takes stories, each with its own namespace. */
export type StoryTest = (sentence: string, run: (story: CanvasStory) => Promise<void>) => void;

const sumOf = (values: readonly unknown[]): number =>
  values.flat(Number.POSITIVE_INFINITY).reduce<number>((total, each) => total + Number(each), 0);

const last = (...args: readonly unknown[]): unknown => args.at(-1);

const mended = new Map<string, number>();

/** What tasks of stories do. */
const handlers: Readonly<Record<string, Handler>> = {
  /** The sum of all numbers in its arguments. */
  sum: (...args) => sumOf(args),
  mul: (...args: readonly number[]) => args.reduce((product, each) => product * each, 1),
  /** Its last argument, which is what it was handed, if it was handed anything. */
  id: last,
  told: last,
  /** What it was handed, with its own behind it. */
  join: (own: string, handed = "") => `${handed}${own}`,
  fail() {
    throw new Error("as it was asked");
  },
  /** Fails the first so many times that one of that name runs, and is its last argument then. */
  mend(name: string, failures: number, ...args: readonly unknown[]) {
    const run = (mended.get(name) ?? 0) + 1;
    mended.set(name, run);
    if (run <= failures) throw new Error(`run ${run} of ${name}`);
    return last(name, ...args);
  },
  /** A node in its place. */
  swap: (node: Node) => new Replacement(node),
  /** A task in its place that has what it was handed. */
  swapSum: (...args) => new Replacement(task("sum", ...args)),
  swapId: (...args) => new Replacement(chain(task("id", last(...args)), task("id"))),
  /** A group in its place, which adds to each member of what it was handed. */
  addToAll(...args: [Added] | [plus: number, list: readonly number[]]) {
    const { plus, result, z = 0 } = args.length === 1 ? args[0] : { plus: args[0], result: args[1] };
    return new Replacement(group(...result.map((each) => task("sum", each, plus, z))));
  },
  /** Further members of its group, of the values after its own. */
  grow: (own: unknown, ...more) => new Further(own, ...more.map((each: unknown) => task("id", each))),
  outer: () => new Replacement(chain(task("middle"), task("outerEnd"))),
  middle: () => new Replacement(chain(task("inner"), task("middleEnd"))),
  inner: () => null,
  middleEnd: () => null,
  outerEnd: () => null,
};

/** Makes stories on a server that this file has once; `url` says where its store is. */
export function createStories(url: () => string | Promise<string>): () => Promise<CanvasStory> {
  const closing: (() => Promise<void>)[] = [];
  let server: Promise<string> | undefined;
  let count = 0;
  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
  });

  async function start(): Promise<string> {
    const store = { url: await url(), durability: "relaxed" } as const;
    const wish = { store, server: { namespaceCreate: "on-use" } } as const;
    return (await startStem(wish, (close) => void closing.push(close))).url;
  }

  return async () => {
    server ??= start();
    const transport = createGrpcTransport({ baseUrl: await server });
    count += 1;
    return storyOn(transport, `story-${count}`);
  };
}

function storyOn(transport: ReturnType<typeof createGrpcTransport>, namespace: string): CanvasStory {
  const canvases = createClient(CanvasService, transport);
  const runner = createCanvasRunner(transport, handlers, { namespace });
  const submit = async (root: Root) => (await canvases.submitCanvas({ namespace, root })).canvasId;
  const read = async (canvasId: string): Promise<Canvas> => {
    const { canvas } = await canvases.getCanvas({ namespace, canvasId });
    if (canvas === undefined) throw new Error("the canvas is not there");
    return canvas;
  };
  const left = async (canvasId: string) =>
    plainValue((await canvases.getCanvasResult({ namespace, canvasId })).value);
  async function run(root: Root): Promise<Canvas> {
    const canvasId = await submit(root);
    await runner.drain();
    return read(canvasId);
  }
  return {
    ...{ namespace, canvases, runner, submit, left, tasks: createClient(TaskService, transport) },
    count: (name) => runner.runs.filter((one) => one.name === name).length,
    given: (name) => runner.runs.find((one) => one.name === name)?.args,
    async ended(root) {
      const canvas = await run(root);
      if (canvas.state === CanvasState.OPEN) throw new Error("the canvas has not ended");
      return canvas;
    },
    result: async (root) => left((await run(root)).id),
  };
}
