import type { TaskRef } from "../model/ids.ts";
import type { Store } from "../ports/store.ts";
import type { Sessions } from "./sessions.ts";

/** Hears of tasks whose runs are to stop, as another server was asked. */
export type HearCancelled = (refs: readonly TaskRef[]) => Promise<void>;

/** Makes it: the workers that hold them here are told at once, and not with their next heartbeat. */
export const createHearCancelled =
  ({
    store,
    sessions,
  }: {
    readonly store: Pick<Store, "readHeads">;
    readonly sessions: Pick<Sessions, "tellCancel">;
  }): HearCancelled =>
  async (refs) => {
    if (refs.length === 0) return;
    for (const head of await store.readHeads(refs))
      if (head?.state === "leased" && head.cancel !== undefined && head.fence !== undefined)
        sessions.tellCancel(head, head.fence, head.cancel);
  };
