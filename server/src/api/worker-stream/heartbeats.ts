import type { Session } from "../../broker/broker.ts";
import { StemProblem } from "../../model/problem.ts";
import { leaseVerdictToProto } from "../convert/lease-verdict.ts";
import { backlogToProto } from "../convert/worker.ts";
import type { Claims } from "./claims.ts";
import { refused } from "./frames.ts";
import type { Outbox } from "./outbox.ts";

/** A heartbeat: its frame's number, the newest grant that the worker has seen, and whether it asks how much is ready. */
export type Heartbeat = {
  readonly frameSeq: bigint;
  readonly seenSeq: number;
  readonly wantsBacklogs: boolean;
};

/** Extends leases, one round at a time: heartbeats that come meanwhile are one round more, whose answer names the newest of them. */
export interface Heartbeats {
  /** Resolves when this heartbeat, or a newer one in its place, has been answered. */
  beat(heartbeat: Heartbeat): Promise<void>;
}

/** What heartbeats need. */
export type HeartbeatsDeps = { readonly session: Session; readonly outbox: Outbox; readonly claims: Claims };

/** Makes the heartbeats of a stream. */
export function createHeartbeats({ session, outbox, claims }: HeartbeatsDeps): Heartbeats {
  let waiting: Heartbeat | undefined;
  let rounds: Promise<void> | undefined;

  async function round({ frameSeq, seenSeq, wantsBacklogs }: Heartbeat): Promise<void> {
    try {
      const verdicts = await session.heartbeat(seenSeq);
      const backlogs = wantsBacklogs ? (await session.backlogs()).map(backlogToProto) : undefined;
      outbox.extend(frameSeq, verdicts.filter(({ held }) => !held).map(leaseVerdictToProto), backlogs);
    } catch (error) {
      if (!(error instanceof StemProblem)) throw error;
      await outbox.room();
      outbox.expect();
      outbox.answer(refused(frameSeq, error.problem));
    }
  }

  async function runAll(): Promise<void> {
    try {
      for (let next = waiting; next; next = waiting) {
        waiting = undefined;
        await round(next);
      }
    } finally {
      rounds = undefined;
    }
  }

  return {
    beat(heartbeat) {
      const wantsBacklogs = heartbeat.wantsBacklogs || waiting?.wantsBacklogs === true;
      waiting = { ...heartbeat, wantsBacklogs };
      // Leases that were claimed under an older frame go out before the answer, those under a newer one after it: the echo, by which
      // the worker counts its leases, never goes back.
      rounds ??= claims.pauseFor(runAll);
      return rounds;
    },
  };
}
