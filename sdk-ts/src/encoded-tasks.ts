import type { UnknownField } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { ProtoWriter } from "@stem/proto/wire/proto-writer";

// One for the process: a batch is written in one go.
const writer = new ProtoWriter();

/**
 * Tasks that are encoded already, as the field `number` of a request. The generated codec copies a field that it does not know as it
 * is, behind a tag: so the first task comes without its own, and the others with theirs.
 */
export function encodedTasks(number: number, tasks: readonly Uint8Array[]): UnknownField {
  writer.discard();
  tasks.forEach((task, at) => {
    if (at > 0) writer.tag(number, WireType.LengthDelimited);
    writer.bytes(task);
  });
  return { no: number, wireType: WireType.LengthDelimited, data: writer.finish() };
}
