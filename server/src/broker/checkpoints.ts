import type { Bytes, Namespace } from "../model/ids.ts";
import type { CheckpointStore } from "../ports/checkpoint-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { LostReason } from "./lease.ts";
import type { OpenToken } from "./open-token.ts";

/** What an attempt leaves for its successor, by the token of its lease. */
export type TokenCheckpoint = { readonly token: Bytes; readonly data: Bytes };

/** saved, or why the lease is over. */
export type TokenCheckpointVerdict = "saved" | LostReason;

/** Keeps checkpoints, a verdict each, in the order asked. Of two of one lease the last counts. */
export type SaveCheckpoints = (
  namespace: Namespace,
  checkpoints: readonly TokenCheckpoint[],
  open: OpenToken,
) => Promise<readonly TokenCheckpointVerdict[]>;

/** What keeping checkpoints needs. */
export type CheckpointingDeps = {
  readonly store: Pick<CheckpointStore, "saveCheckpoints">;
  readonly clock: Clock;
};

/** Makes the part of the broker that keeps checkpoints. */
export function createCheckpointing({ store, clock }: CheckpointingDeps): SaveCheckpoints {
  return async (namespace, checkpoints, open) => {
    const now = clock.now();
    const opened = checkpoints.map(({ token }) => open(token));
    const saves = checkpoints.flatMap(({ data }, at) => {
      const lease = opened[at];
      return lease === undefined ? [] : [{ namespace, ...lease.name, data, now }];
    });
    const answers = (saves.length > 0 ? await store.saveCheckpoints(saves) : []).values();
    return opened.map((lease) => (lease === undefined ? "token_invalid" : nextOf(answers)));
  };
}

function nextOf<T>(answers: Iterator<T>): T {
  const { done, value } = answers.next();
  if (done) throw new Error("the store left a checkpoint without a verdict");
  return value;
}
