import { randomUUID } from "node:crypto";
import { CanvasState, OnMemberFailure } from "@stem/proto/stem/v1/canvas_pb";
import { expect } from "vitest";
import { chain, chord, gathering, type Node, task } from "../../support/canvas-nodes.ts";
import type { CanvasStory, StoryTest } from "./story.ts";

const wait = { onMemberFailure: OnMemberFailure.WAIT };

/** A task that fails so many times, under a name that no other story has. */
const mending = (failures: number, ...args: readonly unknown[]): Node =>
  task("mend", randomUUID(), failures, ...args);

async function retried(
  { canvases, namespace, runner }: CanvasStory,
  canvasId: string,
): Promise<{ readonly id: string; readonly state: CanvasState | undefined; readonly started: number }> {
  const { canvasId: id, started } = await canvases.retryCanvas({ namespace, canvasId });
  await runner.drain();
  const { canvas } = await canvases.getCanvas({ namespace, canvasId: id });
  return { id, started, state: canvas?.state };
}

/** What did not succeed runs again, and nothing else. */
export function retryCases(test: StoryTest): void {
  test("a chord of which a member failed is retried, and its body has all results in order", async (story) => {
    const node = chord([task("id", 1), mending(1, 2), task("id", 3)], task("id"), wait);
    const { id, state } = await story.ended(node);
    expect(state).toBe(CanvasState.FAILED);
    const again = await retried(story, id);
    expect(again).toMatchObject({ state: CanvasState.SUCCEEDED, started: 1 });
    expect(await story.left(again.id)).toEqual([1, 2, 3]);
    expect(story.count("mend")).toBe(2);
    // Two members, and the body.
    expect(story.count("id")).toBe(3);
  });

  test("a long chain goes on where it stopped, however often, and ends as if it never had", async (story) => {
    const steps = [task("sum", 1), mending(2), task("sum", 10), mending(1), task("sum", 100)];
    let { id } = await story.ended(chain(...steps));
    const states: (CanvasState | undefined)[] = [];
    for (let run = 0; run < 3; run += 1) {
      const again = await retried(story, id);
      id = again.id;
      states.push(again.state);
    }
    expect(states).toEqual([CanvasState.FAILED, CanvasState.FAILED, CanvasState.SUCCEEDED]);
    expect(await story.left(id)).toBe(111);
    expect(story.count("sum")).toBe(3);
  });

  test("groups in groups are retried to their depth, and what was put in the place of a task", async (story) => {
    const inner = chain(task("id", 1), gathering(wait, task("sum", 1), task("swap", mending(1, 5))));
    const { id } = await story.ended(chain(gathering(wait, inner, task("id", 7)), task("id")));
    const again = await retried(story, id);
    expect(again).toMatchObject({ state: CanvasState.SUCCEEDED, started: 1 });
    expect(await story.left(again.id)).toEqual([[2, 5], 7]);
    expect(story.count("swap")).toBe(1);
  });

  test("a canvas that was cancelled goes on when it is retried", async (story) => {
    const { canvases, namespace, runner } = story;
    const canvasId = await story.submit(
      chain(task("sum", 1), task("sum", 2), chord([task("sum", 3)], task("sum"))),
    );
    await canvases.cancelCanvas({ namespace, canvasId });
    await runner.drain();
    expect(story.count("sum")).toBe(0);
    const again = await retried(story, canvasId);
    expect(again.state).toBe(CanvasState.SUCCEEDED);
    expect(await story.left(again.id)).toBe(6);
  });
}
