import { cutLog, isBeyond, tallyWith, tallyWithout } from "../../model/kept-log.ts";
import { isTerminal } from "../../model/task.ts";
import {
  emptyOutput,
  freshOutput,
  type OutputEntry,
  type OutputKind,
  outputBounds,
} from "../../model/task-output.ts";
import type {
  OutputPage,
  OutputQuery,
  OutputStore,
  OutputVerdict,
  OutputWrite,
} from "../../ports/output-store.ts";
import { outputPageOf } from "../log-pages.ts";
import { lostReason } from "../lost-lease.ts";
import type { Entry, TaskOutput } from "./entry.ts";
import { find, type State } from "./state.ts";

/** What tasks put out; `call` runs a verb as one transaction. */
export const createOutputStore = (state: State, call: <T>(verb: () => T) => Promise<T>): OutputStore => ({
  writeOutput: (writes) => call(() => writes.map((write) => writeOne(state, write))),
  readOutput: (query) => call(() => readOutput(state, query)),
});

function writeOne(state: State, write: OutputWrite): OutputVerdict {
  const entry = find(state, write);
  const why = lostReason(entry, write.fence);
  if (entry === undefined || why !== undefined)
    return { kind: "lost", state: entry?.head.state, why: why ?? "task_unknown" };
  entry.output ??= { head: emptyOutput, entries: [] };
  const { output } = entry;
  const { fresh, newestSeq } = freshOutput(output.head, write.fence, write.entries);
  output.head = { ...output.head, fence: write.fence, newestSeq };
  for (const { kind, body } of fresh) {
    append(entry, output, { kind, body: body.slice(), at: write.now });
    while (isBeyond(output.head.tallies[kind], outputBounds(kind, state.limits))) dropOldest(output, kind);
  }
  return { kind: "written", written: fresh.length, repeated: write.entries.length - fresh.length };
}

function append(
  { head: task }: Entry,
  output: TaskOutput,
  made: Pick<OutputEntry, "kind" | "body" | "at">,
): void {
  const { head } = output;
  const offset = head.nextOffset;
  output.entries.push({ offset, ...made, attempt: task.attempt, delivery: task.deliveries });
  output.head = {
    ...head,
    nextOffset: offset + 1,
    tallies: { ...head.tallies, [made.kind]: tallyWith(head.tallies[made.kind], made.body.length) },
  };
}

function dropOldest(output: TaskOutput, kind: OutputKind): void {
  const at = output.entries.findIndex((entry) => entry.kind === kind);
  const [oldest] = output.entries.splice(at, 1);
  if (at < 0 || oldest === undefined) throw new Error("a tally counts an entry that is not there");
  const { head } = output;
  const tally = tallyWithout(head.tallies[kind], { offset: oldest.offset, bytes: oldest.body.length });
  output.head = { ...head, tallies: { ...head.tallies, [kind]: tally } };
}

function readOutput(
  state: State,
  { ref, from, kinds, limit, bytesMax }: OutputQuery,
): OutputPage | undefined {
  const task = find(state, ref);
  if (task === undefined) return undefined;
  const { head, entries } = task.output ?? { head: emptyOutput, entries: [] };
  const wanted = entries.filter(({ offset, kind }) => offset >= from && kinds.includes(kind));
  const cut = cutLog(wanted, { limit, bytesMax });
  return outputPageOf(cut, { from, kinds }, { ...head, isEnded: isTerminal(task.head.state) });
}
