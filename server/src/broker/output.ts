import type { Bytes, Namespace } from "../model/ids.ts";
import type { TaskState } from "../model/task.ts";
import type { NewOutput } from "../model/task-output.ts";
import type { Clock } from "../ports/clock.ts";
import type { OutputStore, OutputWrite } from "../ports/output-store.ts";
import type { TaskHints, TaskProgress } from "../ports/task-hints.ts";
import type { LostReason } from "./lease.ts";
import type { FaultOfToken, OpenToken } from "./open-token.ts";

/** What the holder of one lease puts out, by its token. */
export type TokenOutput = {
  readonly token: Bytes;
  readonly entries: readonly NewOutput[];
  /** The newest progress among them, for who watches the task live. */
  readonly progress: TaskProgress | undefined;
};

/** What became of it: all of it is kept, but for what was kept before; or nothing. */
export type OutputVerdict =
  | { readonly kind: "written"; readonly written: number; readonly repeated: number }
  | { readonly kind: "lost"; readonly state: TaskState | undefined; readonly why: LostReason };

/** Keeps what attempts put out, and tells who watches. Verdicts in the order asked. */
export type WriteOutput = (
  namespace: Namespace,
  outputs: readonly TokenOutput[],
  open: OpenToken,
  faultOf?: FaultOfToken,
) => Promise<readonly OutputVerdict[]>;

/** What keeping output needs. */
export type WriteOutputDeps = {
  readonly store: Pick<OutputStore, "writeOutput">;
  readonly clock: Clock;
  readonly hints: TaskHints;
};

/** Makes the part of the broker that keeps what attempts put out: one write a batch. */
export function createWriteOutput({ store, clock, hints }: WriteOutputDeps): WriteOutput {
  return async (namespace, outputs, open, faultOf = () => "token_invalid") => {
    const now = clock.now();
    const verdicts: OutputVerdict[] = [];
    const writes: (OutputWrite & { readonly index: number })[] = [];
    for (const [index, { token, entries }] of outputs.entries()) {
      const name = open(token)?.name;
      if (name === undefined) verdicts[index] = { kind: "lost", state: undefined, why: faultOf(token) };
      else writes.push({ index, namespace, id: name.id, fence: name.fence, entries, now });
    }
    const answers = writes.length === 0 ? [] : await store.writeOutput(writes);
    const written = writes.filter(({ index }, at) => {
      const answer = answers[at];
      if (answer === undefined) throw new Error("the store left output without a verdict");
      verdicts[index] = answer;
      return answer.kind === "written" && answer.written > 0;
    });
    for (const { index, id } of written) {
      const { progress } = outputs[index] ?? {};
      if (progress !== undefined) hints.progressed({ namespace, id }, progress);
    }
    hints.written(written);
    return verdicts;
  };
}
