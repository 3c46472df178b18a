import { instantOf, type Namespace } from "../../model/ids.ts";
import type { LogTally } from "../../model/kept-log.ts";
import type { QueueEvent } from "../../model/queue-event.ts";
import type { OutputEntry } from "../../model/task-output.ts";
import type {
  OutputPage,
  OutputQuery,
  OutputStore,
  OutputVerdict,
  OutputWrite,
} from "../../ports/output-store.ts";
import type {
  EmitVerdict,
  QueueEventPage,
  QueueEventQuery,
  QueueEventStore,
} from "../../ports/queue-event-store.ts";
import { outputPageOf, queueEventPageOf } from "../log-pages.ts";
import { outputKindCodes } from "../sql/codes.ts";
import { inPieces, piecesOf } from "./batches.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { sweep } from "./side-verbs.ts";
import { bytesOf, listOf, numberOf, textOf } from "./unpacked.ts";
import { itemsOf, lostOf, refusalIn } from "./verdicts.ts";

const operation = (name: string, grows = false): Verb => ({ room: "operations", name, grows });

/** What tasks put out. */
export const createOutputVerbs = (runner: Runner): OutputStore => ({
  writeOutput: (writes) =>
    inPieces(
      piecesOf(writes, ({ namespace }): Namespace => namespace),
      async ({ namespace, items }) =>
        itemsOf(
          await runner.ofSpace(namespace, operation("writeOutput", true), items.map(writeArgs)),
          outputVerdictOf,
        ),
    ),
  readOutput: (query) => readOutput(runner, query),
});

const writeArgs = ({ id, fence, entries, now }: OutputWrite): Packable => [
  id,
  fence.epoch,
  fence.seq,
  entries.map(({ seq, kind, body }) => [seq, outputKindCodes.code(kind), body]),
  now,
];

function outputVerdictOf(value: Unpacked): OutputVerdict {
  const [kind, ...rest] = listOf(value);
  if (textOf(kind) === "lost") return { kind: "lost", ...lostOf(rest) };
  return { kind: "written", written: numberOf(rest[0]), repeated: numberOf(rest[1]) };
}

async function readOutput(runner: Runner, query: OutputQuery): Promise<OutputPage | undefined> {
  const { ref, from, kinds, limit, bytesMax } = query;
  const args = [ref.id, from, kinds.map(outputKindCodes.code), limit, bytesMax];
  const answer = await runner.ofSpace(ref.namespace, operation("readOutput"), args);
  if (answer === false) return undefined;
  const [rows = false, hasMore, end, tallies = false, isEnded] = listOf(answer);
  const cut = { entries: itemsOf(rows, outputEntryOf), hasMore: hasMore === true };
  const known = Object.fromEntries(itemsOf(tallies, tallyOf).map((tally, at) => [kinds[at], tally]));
  return outputPageOf(cut, query, { nextOffset: numberOf(end), tallies: known, isEnded: isEnded === true });
}

function tallyOf(value: Unpacked): LogTally {
  const [count, bytes, dropped, keptFrom] = listOf(value).map(numberOf);
  return { count: count ?? 0, bytes: bytes ?? 0, dropped: dropped ?? 0, keptFrom: keptFrom ?? 0 };
}

function outputEntryOf(value: Unpacked): OutputEntry {
  const [offset, body, kind, attempt, delivery, at] = listOf(value);
  return {
    offset: numberOf(offset),
    kind: outputKindCodes.word(numberOf(kind)),
    attempt: numberOf(attempt),
    delivery: numberOf(delivery),
    at: instantOf(numberOf(at)),
    body: bytesOf(body),
  };
}

/** Named events on queues. */
export const createQueueEventVerbs = (runner: Runner): QueueEventStore => ({
  emitQueueEvent: async ({ ref, id, name, body, now }) =>
    emitVerdictOf(
      await runner.making(ref.namespace, operation("emitQueueEvent", true), [ref.queue, id, name, body, now]),
    ),
  readQueueEvents: (query) => readQueueEvents(runner, query),
  pruneQueueEvents: (before, limit) => sweep(runner, "pruneQueueEvents", before, limit),
});

function emitVerdictOf(value: Unpacked): EmitVerdict {
  const refusal = refusalIn(value);
  if (refusal !== undefined) return refusal;
  const [word, offset] = listOf(value);
  const kind = textOf(word) as "emitted" | "duplicate" | "exists";
  return kind === "exists" ? { kind } : { kind, offset: numberOf(offset) };
}

async function readQueueEvents(runner: Runner, query: QueueEventQuery): Promise<QueueEventPage> {
  const { ref, from, names, limit, bytesMax } = query;
  const args = [ref.queue, from, names, limit, bytesMax];
  const answer = listOf(await runner.ofSpace(ref.namespace, operation("readQueueEvents"), args));
  const [rows = false, hasMore, start, end, tally = false] = answer;
  const cut = { entries: itemsOf(rows, queueEventOf), hasMore: hasMore === true };
  return queueEventPageOf(cut, { start: numberOf(start), end: numberOf(end), tally: tallyOf(tally) });
}

function queueEventOf(value: Unpacked): QueueEvent {
  const [offset, body, id, name, at] = listOf(value);
  return {
    offset: numberOf(offset),
    id: textOf(id),
    name: textOf(name),
    at: instantOf(numberOf(at)),
    body: bytesOf(body),
  };
}
