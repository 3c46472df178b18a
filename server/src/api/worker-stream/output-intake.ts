import type { WriteOutput } from "@stem/proto/stem/v1/task_output_pb";
import type { Session } from "../../broker/broker.ts";
import { StemProblem } from "../../model/problem.ts";
import { isException, outputVerdicts, readOutputBatch } from "../convert/output-batch.ts";
import { type Forgeries, forgedIn } from "./forgeries.ts";
import { outputWritten, refused } from "./frames.ts";
import type { StreamParts } from "./stream-parts.ts";

/** The WriteOutput frames of one stream. */
export interface OutputIntake {
  /** Keeps what a frame holds, in one write; resolves when it has been answered, after its commit. */
  take(frameSeq: bigint, frame: WriteOutput): Promise<void>;
}

/** What taking output in needs. */
export type OutputIntakeDeps = Pick<StreamParts, "outbox" | "limits"> & {
  readonly session: Pick<Session, "writeOutput">;
  readonly forgeries: Forgeries;
};

/** Makes what takes WriteOutput frames. A frame holds one of the outbox's places until its answer has left, which bounds them. */
export function createOutputIntake({ outbox, session, limits, forgeries }: OutputIntakeDeps): OutputIntake {
  async function write(frameSeq: bigint, { outputs }: WriteOutput): Promise<void> {
    const batch = readOutputBatch(outputs, "output.outputs", limits);
    const verdicts = batch.outputs.length > 0 ? await session.writeOutput(batch.outputs) : [];
    outbox.answer(outputWritten(frameSeq, outputVerdicts(batch, verdicts).filter(isException)));
    forgeries.note("output.outputs", forgedIn(verdicts));
  }

  return {
    async take(frameSeq, frame) {
      outbox.expect();
      try {
        await write(frameSeq, frame);
      } catch (error) {
        if (!(error instanceof StemProblem)) throw error;
        outbox.answer(refused(frameSeq, error.problem));
      }
    },
  };
}
