import { namespaceOf, taskNameOf } from "../../../model/ids.ts";
import type { DefinitionRecord } from "../../../ports/definition-store.ts";
import { packed, readList, writeList } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How records cross. */
export const definitionList = packed<readonly DefinitionRecord[]>(
  (to, records) => writeList(to, records, writeRecord),
  (from) => readList(from, readRecord),
);

/** The same as the only argument of a verb. */
export const oneList = packed<[readonly DefinitionRecord[]]>(
  (to, [records]) => writeList(to, records, writeRecord),
  (from) => [readList(from, readRecord)],
);

function writeRecord(to: PacketWriter, { namespace, name, record }: DefinitionRecord): void {
  to.word(namespace);
  to.text(name);
  to.bytes(record);
}

const readRecord = (from: PacketReader): DefinitionRecord => ({
  namespace: namespaceOf(from.word()),
  name: taskNameOf(from.text()),
  record: from.bytes().slice(),
});
