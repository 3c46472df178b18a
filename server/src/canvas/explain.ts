import type { Explained } from "../broker/broker.ts";
import type { BarrierId, TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { Task, TaskState } from "../model/task.ts";
import type { TaskStore } from "../ports/task-store.ts";
import type { CanvasRef, CanvasView, Reading } from "./reading.ts";

/** Why a canvas has not ended. */
export type CanvasExplained = CanvasView & {
  readonly waits: readonly { readonly task: Task; readonly explained: Explained }[];
  readonly unsealed: readonly BarrierId[];
};

/** What that needs. */
export type ExplainDeps = {
  readonly store: Pick<TaskStore, "list">;
  readonly limits: Limits;
  /** The broker's. */
  readonly explain: (ref: TaskRef) => Promise<Explained>;
  readonly get: Reading["get"];
};

const live: readonly TaskState[] = ["scheduled", "ready", "leased"];
/** Tasks that are told of. */
const waitsMax = 100;

/** Makes it. */
export const createExplain =
  ({ store, limits, explain, get }: ExplainDeps) =>
  async (ref: CanvasRef): Promise<CanvasExplained> => {
    const view = await get(ref, true);
    const { tasks } = await store.list({
      ...{ namespace: ref.namespace, canvas: ref.id, states: live, limit: waitsMax, after: undefined },
      ...{ queue: undefined, name: undefined, tag: undefined, createdFrom: undefined, createdTo: undefined },
      ...{ bytesMax: limits.frameBytesMax, full: false },
    });
    const waits: { task: Task; explained: Explained }[] = [];
    for (const task of view.canvas.state === "open" ? tasks : []) {
      const { namespace, id } = task;
      waits.push({ task, explained: await explain({ namespace, id }) });
    }
    const unsealed = view.groups.filter(({ state, isSealed }) => state === "open" && !isSealed);
    return { ...view, waits, unsealed: unsealed.map(({ id }) => id) };
  };
