import { type DescMessage, getOption, type Message } from "@bufbuild/protobuf";
import { field as rulesOf } from "@stem/proto/buf/validate/validate_pb";
import type { FieldViolation } from "../../model/problem.ts";

type ListBound = { readonly name: string; readonly localName: string; readonly itemsMax: number };

const boundsByType = new Map<string, readonly ListBound[]>();

/**
 * A list of `message` that has more items than the schema allows. Asked before all other rules: protovalidate looks at every item of a
 * list, also of one that is too long, and takes seconds for as many as fit into a request.
 */
export function overlongList(schema: DescMessage, message: Message): FieldViolation | undefined {
  const lists = message as unknown as Readonly<Record<string, { readonly length: number }>>;
  for (const { name, localName, itemsMax } of boundsOf(schema))
    if ((lists[localName]?.length ?? 0) > itemsMax)
      return { field: name, description: `must contain no more than ${itemsMax} item(s)` };
  return undefined;
}

function boundsOf(schema: DescMessage): readonly ListBound[] {
  const known = boundsByType.get(schema.typeName);
  if (known) return known;
  const bounds: ListBound[] = [];
  for (const field of schema.fields) {
    const { type } = getOption(field, rulesOf);
    if (field.fieldKind !== "list" || type.case !== "repeated" || type.value.maxItems === 0n) continue;
    bounds.push({ name: field.name, localName: field.localName, itemsMax: Number(type.value.maxItems) });
  }
  boundsByType.set(schema.typeName, bounds);
  return bounds;
}
