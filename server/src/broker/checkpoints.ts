import type { Bytes, Namespace } from "../model/ids.ts";
import type { CheckpointStore } from "../ports/checkpoint-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { OpenToken } from "./open-token.ts";

/** What an attempt leaves for its successor, by the token of its lease. */
export type TokenCheckpoint = { readonly token: Bytes; readonly data: Bytes };

/** Keeps checkpoints. Tokens that do not open, and leases that are over, leave nothing. */
export type SaveCheckpoints = (
  namespace: Namespace,
  checkpoints: readonly TokenCheckpoint[],
  open: OpenToken,
) => Promise<void>;

/** What keeping checkpoints needs. */
export type CheckpointingDeps = {
  readonly store: Pick<CheckpointStore, "saveCheckpoints">;
  readonly clock: Clock;
};

/** Makes the part of the broker that keeps checkpoints. */
export function createCheckpointing({ store, clock }: CheckpointingDeps): SaveCheckpoints {
  return async (namespace, checkpoints, open) => {
    const now = clock.now();
    const saves = checkpoints.flatMap(({ token, data }) => {
      const opened = open(token);
      return opened === undefined ? [] : [{ namespace, ...opened.name, data, now }];
    });
    if (saves.length > 0) await store.saveCheckpoints(saves);
  };
}
