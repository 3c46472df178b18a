import { instantOf, namespaceOf, taskIdOf } from "../../../model/ids.ts";
import type { NewOutput, OutputEntry } from "../../../model/task-output.ts";
import type { OutputPage, OutputVerdict, OutputWrite } from "../../../ports/output-store.ts";
import { outputKindCodes } from "../../sql/codes.ts";
import { packed, plain, readList, writeList } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How output crosses on its way in. */
export const writeOutputVerb = {
  request: packed<[writes: readonly OutputWrite[]]>(
    (to, [writes]) => writeList(to, writes, writeWrite),
    (from) => [readList(from, readWrite)],
  ),
  answer: plain<readonly OutputVerdict[]>(),
  items: ([writes]: [readonly OutputWrite[]]) => writes.reduce((sum, { entries }) => sum + entries.length, 0),
};

function writeWrite(to: PacketWriter, { namespace, id, fence, entries, now }: OutputWrite): void {
  to.word(namespace);
  to.text(id);
  to.number(fence.epoch);
  to.number(fence.seq);
  to.number(now);
  writeList(to, entries, writeNew);
}

const readWrite = (from: PacketReader): OutputWrite => ({
  namespace: namespaceOf(from.word()),
  id: taskIdOf(from.text()),
  fence: { epoch: from.number(), seq: from.number() },
  now: instantOf(from.number()),
  entries: readList(from, readNew),
});

function writeNew(to: PacketWriter, { seq, kind, body }: NewOutput): void {
  to.number(seq);
  to.number(outputKindCodes.code(kind));
  to.bytes(body);
}

const readNew = (from: PacketReader): NewOutput => ({
  seq: from.number(),
  kind: outputKindCodes.word(from.number()),
  body: from.bytes(),
});

/** How output crosses on its way out. */
export const outputPage = packed<OutputPage | undefined>(
  (to, page) => {
    to.flag(page !== undefined);
    if (page !== undefined) writePage(to, page);
  },
  (from) => (from.flag() ? readPage(from) : undefined),
);

function writePage(to: PacketWriter, { entries, gaps, next, hasMore, isEnded }: OutputPage): void {
  writeList(to, entries, writeEntry);
  writeList(to, gaps, (_, { kind, keptFrom, dropped }) => {
    to.number(outputKindCodes.code(kind));
    to.number(keptFrom);
    to.number(dropped);
  });
  to.number(next);
  to.flag(hasMore);
  to.flag(isEnded);
}

const readPage = (from: PacketReader): OutputPage => ({
  entries: readList(from, readEntry),
  gaps: readList(from, () => ({
    kind: outputKindCodes.word(from.number()),
    keptFrom: from.number(),
    dropped: from.number(),
  })),
  next: from.number(),
  hasMore: from.flag(),
  isEnded: from.flag(),
});

function writeEntry(to: PacketWriter, entry: OutputEntry): void {
  to.number(entry.offset);
  to.number(outputKindCodes.code(entry.kind));
  to.number(entry.attempt);
  to.number(entry.delivery);
  to.number(entry.at);
  to.bytes(entry.body);
}

const readEntry = (from: PacketReader): OutputEntry => ({
  offset: from.number(),
  kind: outputKindCodes.word(from.number()),
  attempt: from.number(),
  delivery: from.number(),
  at: instantOf(from.number()),
  body: from.bytes(),
});
