import type { SaveCheckpoints } from "@stem/proto/stem/v1/checkpoint_pb";
import type { Session, TokenCheckpoint } from "../../broker/broker.ts";
import { StemProblem } from "../../model/problem.ts";
import { readCheckpoints } from "../convert/checkpoint.ts";
import type { Forgeries } from "./forgeries.ts";
import type { StreamParts } from "./stream-parts.ts";

/** Takes in what attempts leave for their successors: one write at a time, and of what comes meanwhile the newest of each lease. */
export interface CheckpointIntake {
  /** Resolves when a frame's checkpoints, or newer ones in their place, are kept. Throws what is wrong with the frame. */
  take(frame: SaveCheckpoints): Promise<void>;
}

/** What taking checkpoints in needs. */
export type CheckpointIntakeDeps = Pick<StreamParts, "limits" | "log"> & {
  readonly session: Pick<Session, "checkpoint">;
  readonly forgeries: Forgeries;
};

const listField = "checkpoints.checkpoints";

/** Makes the intake of one stream. */
export function createCheckpointIntake(deps: CheckpointIntakeDeps): CheckpointIntake {
  const { session, forgeries, limits, log } = deps;
  const waiting = new Map<string, TokenCheckpoint>();
  let rounds: Promise<void> | undefined;

  async function saveAll(): Promise<void> {
    try {
      while (waiting.size > 0) {
        const checkpoints = [...waiting.values()];
        waiting.clear();
        await save(checkpoints);
      }
    } finally {
      rounds = undefined;
    }
  }

  async function save(checkpoints: readonly TokenCheckpoint[]): Promise<void> {
    try {
      forgeries.note(listField, await session.checkpoint(checkpoints));
    } catch (error) {
      if (!(error instanceof StemProblem)) throw error;
      // The settlement carries the last one again; until then the attempt is as safe as before.
      log.warn({ err: error, checkpoints: checkpoints.length }, "could not keep checkpoints");
    }
  }

  return {
    take(frame) {
      for (const checkpoint of readCheckpoints(frame.checkpoints, listField, limits))
        waiting.set(Buffer.from(checkpoint.token).toString("latin1"), checkpoint);
      rounds ??= saveAll();
      return rounds;
    },
  };
}
