/**
 * Leasing for one stream: asked for one grant at a time, and only when the peer takes frames and nothing else is to be sent to it.
 *
 * Each grant names the newest frame of the worker that had come before its lease began, because the worker counts the lease from when
 * it sent that frame. Each heartbeat begins the claim anew, so that none is answered after the heartbeat with an older frame; and a
 * worker that has not been heard for two heartbeats gets nothing until it is, because its leases would be half over when they came.
 */

import type { Lease, Session } from "../../broker/broker.ts";
import type { Instant } from "../../model/ids.ts";
import type { StreamParts } from "./stream-parts.ts";

/** The newest frame of the worker, and when it came. */
export type Heard = { readonly frameSeq: bigint; readonly at: Instant };

/** The claims of one stream. */
export interface Claims {
  /** Begins a claim, unless one is under way or none may be begun. */
  begin(): void;
  /** Calls off the claim under way, and begins none until `work` is done: the next one names a newer frame. */
  pauseFor(work: () => Promise<void>): Promise<void>;
  /** Claims nothing more, and gives back what was claimed and never sent: no worker has it. */
  stop(): Promise<void>;
}

/** What claiming for a stream needs. */
export type ClaimsDeps = Pick<StreamParts, "outbox" | "clock" | "limits" | "defaults" | "log"> & {
  readonly session: Session;
  readonly heard: () => Heard;
  /** Another stream has the session: what was claimed is that one's business. */
  readonly wasSuperseded: () => boolean;
};

type Claim = { readonly abort: AbortController; readonly over: Promise<void> };

/** Makes the claims of a stream; none is begun. */
export function createClaims(deps: ClaimsDeps): Claims {
  const { session, outbox, clock, limits, defaults, heard } = deps;
  const silentMsMax = 2 * defaults.heartbeatMs;
  let current: Claim | undefined;
  let hasStopped = false;
  let pauses = 0;
  let late: readonly Lease[] = [];

  async function claim(signal: AbortSignal): Promise<void> {
    try {
      const leases = await session.next(limits.leasedTasksMax, signal);
      const firstSeq = session.lastSeq - leases.length + 1;
      if (hasStopped) late = leases;
      else if (leases.length > 0) outbox.grant({ kind: "grants", echo: session.echo, firstSeq, leases });
      // Empty-handed and not called off: the broker drains, and would answer the same at once for ever.
      else if (!signal.aborted) hasStopped = true;
    } catch (error) {
      outbox.end(error);
    }
  }

  return {
    begin() {
      if (current || hasStopped || pauses > 0) return;
      const leftMs = silentMsMax - (clock.now() - heard().at);
      if (leftMs <= 0) return;
      const abort = new AbortController();
      const cancelTimer = clock.after(leftMs, () => abort.abort());
      const over = claim(abort.signal).finally(() => {
        cancelTimer();
        current = undefined;
        outbox.wake();
      });
      current = { abort, over };
    },
    async pauseFor(work) {
      pauses += 1;
      try {
        current?.abort.abort();
        await current?.over;
        await work();
      } finally {
        pauses -= 1;
        outbox.wake();
      }
    },
    async stop() {
      hasStopped = true;
      const unsent = outbox.dropGrants();
      current?.abort.abort();
      await current?.over;
      const all = [...unsent, ...late];
      late = [];
      await giveBack(all, deps);
    },
  };
}

async function giveBack(leases: readonly Lease[], deps: ClaimsDeps): Promise<void> {
  if (leases.length === 0 || deps.wasSuperseded()) return;
  try {
    await deps.session.settle(
      leases.map(({ token }) => ({ token, outcome: { kind: "released", unstarted: true } })),
    );
  } catch (error) {
    deps.log.warn({ err: error, leases: leases.length }, "could not give leases back; they will expire");
  }
}
