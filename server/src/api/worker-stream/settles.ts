import type { Settle } from "@stem/proto/stem/v1/worker_service_pb";
import type { Session } from "../../broker/broker.ts";
import type { Namespace } from "../../model/ids.ts";
import { StemProblem } from "../../model/problem.ts";
import { readSettlementBatch, settledItems } from "../convert/settlement-batch.ts";
import { type Forgeries, forgedIn } from "./forgeries.ts";
import { refused, settled } from "./frames.ts";
import type { StreamParts } from "./stream-parts.ts";

/** The Settle frames of one stream. */
export interface Settles {
  /** Settles what a frame holds; resolves when it has been answered, after its commit. */
  take(frameSeq: bigint, frame: Settle): Promise<void>;
}

/** What settling needs. */
export type SettlesDeps = Pick<StreamParts, "outbox" | "limits" | "readSettlement"> & {
  readonly session: Session;
  readonly namespace: Namespace;
  readonly forgeries: Forgeries;
};

/** Makes what takes Settle frames. */
export function createSettles(deps: SettlesDeps): Settles {
  const { outbox, session, limits, forgeries, namespace } = deps;
  const reading = { path: "settle.settlements", read: deps.readSettlement, limits, namespace };

  async function settle(frameSeq: bigint, { settlements }: Settle): Promise<void> {
    const batch = readSettlementBatch(settlements, reading);
    const verdicts = batch.settlements.length > 0 ? await session.settle(batch.settlements) : [];
    outbox.answer(settled(frameSeq, settledItems(batch, verdicts)));
    forgeries.note("settle.settlements", forgedIn(verdicts));
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
