import type { Settle } from "@stem/proto/stem/v1/worker_service_pb";
import type { Session } from "../../broker/broker.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import { readSettlementBatch, settledItems } from "../convert/settlement-batch.ts";
import { createForgeries, forgedIn } from "./forgeries.ts";
import { refused, settled } from "./frames.ts";
import type { StreamParts } from "./stream-parts.ts";

/** The Settle frames of one stream. */
export interface Settles {
  /** Settles what a frame holds; resolves when it has been answered, after its commit. */
  take(frameSeq: bigint, frame: Settle): Promise<void>;
}

/** What settling needs. */
export type SettlesDeps = Pick<StreamParts, "outbox" | "clock" | "limits" | "log" | "readSettlement"> & {
  readonly session: Session;
  /** Who it is, for the log. */
  readonly facts: object;
};

/** Makes what takes Settle frames. A stream that sends too many tokens that are not its session's is ended. */
export function createSettles(deps: SettlesDeps): Settles {
  const { outbox, session, clock, limits, log, facts } = deps;
  const reading = { path: "settle.settlements", read: deps.readSettlement, limits };
  const forgeries = createForgeries(clock, limits);

  async function settle(frameSeq: bigint, { settlements }: Settle): Promise<void> {
    const batch = readSettlementBatch(settlements, reading);
    const verdicts = batch.settlements.length > 0 ? await session.settle(batch.settlements) : [];
    outbox.answer(settled(frameSeq, settledItems(batch, verdicts)));
    const forged = forgedIn(verdicts);
    if (forged === 0) return;
    // No more than a few lines a stream: it is closed when there are more.
    log.warn({ ...facts, forged }, "a worker sent lease tokens that are not its session's");
    if (!forgeries.areTooMany(verdicts)) return;
    const { forgedTokensMax, forgedTokenWindowMs } = limits;
    log.warn(facts, "a worker sent too many such tokens; its stream is closed");
    const description = `must be tokens of this session; ${forgedTokensMax} within ${forgedTokenWindowMs} ms were not`;
    outbox.end(fieldInvalid("settle.settlements", description));
  }

  return {
    async take(frameSeq, frame) {
      outbox.expect();
      try {
        await settle(frameSeq, frame);
      } catch (error) {
        if (!(error instanceof StemProblem)) throw error;
        outbox.answer(refused(frameSeq, error.problem));
      }
    },
  };
}
