/** The outputs of a frame or call, sorted into what the broker gets and what is wrong in itself; and the answers, put together again. */

import { create } from "@bufbuild/protobuf";
import {
  type AttemptOutput,
  type OutputVerdict as OutputVerdictMessage,
  OutputVerdictSchema,
} from "@stem/proto/stem/v1/task_output_pb";
import type { OutputVerdict, TokenOutput } from "../../broker/broker.ts";
import type { Limits } from "../../model/limits.ts";
import { type Problem, StemProblem } from "../../model/problem.ts";
import { problemToStatus } from "../problem-table.ts";
import { isProblem, under } from "./checked.ts";
import { lostReasonToProto } from "./lease-verdict.ts";
import { readAttemptOutput } from "./output.ts";

/** What came, sorted. */
export type OutputBatch = {
  /** What the broker gets. */
  readonly outputs: readonly TokenOutput[];
  /** The place of each of them in what came. */
  readonly places: readonly number[];
  /** What is wrong, by place. */
  readonly problems: ReadonlyMap<number, Problem>;
};

/** Reads a batch output by output; `path` is that of the list. Throws BATCH_TOO_LARGE. */
export function readOutputBatch(
  messages: readonly AttemptOutput[],
  path: string,
  limits: Limits,
): OutputBatch {
  const itemsMax = limits.batchTasksMax;
  const items = messages.reduce((sum, { entries }) => sum + Math.max(1, entries.length), 0);
  if (items > itemsMax) throw new StemProblem({ reason: "BATCH_TOO_LARGE", field: path, items, itemsMax });
  const outputs: TokenOutput[] = [];
  const places: number[] = [];
  const problems = new Map<number, Problem>();
  for (const [place, message] of messages.entries()) {
    const output = readAttemptOutput(message, limits);
    if (isProblem(output)) {
      problems.set(place, under(output, `${path}[${place}].`));
    } else {
      outputs.push(output);
      places.push(place);
    }
  }
  return { outputs, places, problems };
}

/** What became of each that came, in its order. */
export function outputVerdicts(
  { places, problems }: OutputBatch,
  verdicts: readonly OutputVerdict[],
): OutputVerdictMessage[] {
  const messages = [...problems].map(([index, problem]) =>
    create(OutputVerdictSchema, { index, error: problemToStatus(problem) }),
  );
  for (const [at, verdict] of verdicts.entries()) {
    const index = places[at] ?? 0;
    messages.push(
      create(
        OutputVerdictSchema,
        verdict.kind === "written"
          ? { index, writtenCount: verdict.written, repeatedCount: verdict.repeated }
          : { index, lostReason: lostReasonToProto(verdict.why) },
      ),
    );
  }
  return messages.sort((a, b) => a.index - b.index);
}

/** Whether an output was not kept. */
export const isException = ({ lostReason, error }: OutputVerdictMessage): boolean =>
  lostReason !== 0 || error !== undefined;
