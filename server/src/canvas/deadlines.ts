import type { Cause } from "../model/canvas.ts";
import type { Instant } from "../model/ids.ts";
import type { CanvasStore } from "../ports/canvas-store.ts";

/** What ending canvases needs whose time is over. */
export type DeadlinesDeps = { readonly store: Pick<CanvasStore, "overdueCanvases" | "closeBarrier"> };

/** Canvases that one round ends. */
const canvasesMax = 100;

const overdue: Cause = {
  ...{ state: "expired", reason: "deadline", task: undefined, name: undefined },
  ...{ attempt: 0, failure: undefined },
};

/** Fails canvases whose deadline has come; answers how many. */
export async function failOverdue({ store }: DeadlinesDeps, now: Instant): Promise<number> {
  let failed = 0;
  for (;;) {
    const refs = await store.overdueCanvases(now, canvasesMax);
    for (const ref of refs)
      if (await store.closeBarrier({ ref, state: "failed", cause: overdue, now })) failed += 1;
    if (refs.length < canvasesMax) return failed;
  }
}
