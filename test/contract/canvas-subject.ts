import { expandMembers, expandReplacement } from "../../server/src/canvas/expand.ts";
import { readValue } from "../../server/src/canvas/values.ts";
import type { CanvasNode } from "../../server/src/model/canvas-node.ts";
import { type BarrierRef, barrierIdOf, defaultNamespace } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { Claimed, TaskQuery } from "../../server/src/ports/task-store.ts";
import { unmarked } from "../support/new-canvas.ts";
import { bytesOf } from "../support/new-task.ts";
import type { Subject } from "./subject.ts";

export const failing: Outcome = { kind: "failed", failure: bytesOf("broken"), nonRetryable: true };

/** Succeeds with what its task is called. */
export const named = (claimed: Claimed): Outcome => ({ kind: "succeeded", result: claimed.content });

export const textOf = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);

export const rootOf = (id: string): BarrierRef => ({ namespace: defaultNamespace, id: barrierIdOf(id) });

/** The canvas, which is there. */
export async function canvasOf({ store }: Subject, id: string) {
  const [canvas] = await store.readBarriers([rootOf(id)]);
  if (canvas === undefined) throw new Error(`there is no canvas ${id}`);
  return canvas;
}

/** What a barrier leaves, as nested lists of texts; a failure by its reason. */
export async function valueLeft({ store }: Subject, id: string): Promise<unknown> {
  const value = await readValue(store, rootOf(id), { itemsMax: 10_000, bytesMax: 1_000_000 });
  const plain = (each: NonNullable<typeof value>): unknown => {
    if (each.kind === "list") return each.items.map(plain);
    return each.kind === "result" ? textOf(each.data) : { failed: each.cause.reason };
  };
  return value && plain(value);
}

/** Runs whatever is ready, once, in the order of grants; answers what ran. */
export async function runOnce(
  subject: Subject,
  outcomeOf: (claimed: Claimed) => Outcome = named,
): Promise<readonly string[]> {
  const claimed = await subject.claim();
  for (const one of claimed) await subject.settle(one, outcomeOf(one));
  return claimed.map(({ content }) => textOf(content)).toSorted();
}

/** Settles a task with a tree in its place, as the broker would. */
export async function replace(subject: Subject, claimed: Claimed, node: CanvasNode): Promise<void> {
  const { place, next, links = [] } = await subject.task(claimed.id);
  if (place === undefined) throw new Error("the task is in no canvas");
  const root = { namespace: defaultNamespace, canvas: place.canvas, seed: claimed.id, mark: unmarked };
  const { start, parts } = expandReplacement(node, { place, next, callbacks: links }, root);
  const growth = { contentHash: claimed.id, replacement: start, members: undefined, parts };
  await subject.settle(claimed, { kind: "replaced", growth });
}

/** Settles a task, which adds members to its group, as the broker would. */
export async function addTo(
  subject: Subject,
  claimed: Claimed,
  ...nodes: readonly CanvasNode[]
): Promise<void> {
  const { place } = await subject.task(claimed.id);
  if (place === undefined) throw new Error("the task is in no canvas");
  const root = { namespace: defaultNamespace, canvas: place.canvas, seed: claimed.id, mark: unmarked };
  const { start, parts } = expandMembers(nodes, place.barrier, root, []);
  const growth = { contentHash: claimed.id, replacement: undefined, members: start, parts };
  await subject.settle(claimed, { kind: "succeeded", result: claimed.content, growth });
}

export const tasksOf = async (subject: Subject, query: Partial<TaskQuery>) =>
  (await subject.list(query)).tasks;
