/**
 * Whether bytes are a protobuf message of a type, before they are decoded. The decoder believes its input where that is faster: it
 * reads a field by its number whatever its wire type says, and lets a length reach beyond the message that it stands in. It also makes
 * an object of every two bytes that claim to be one, a hundred times their size. Here types and lengths are compared with the schema,
 * and the objects are counted.
 */

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";

/** What is wrong with some bytes; parts are messages, list items, map entries and fields that the schema does not know. */
export type WireFault = "malformed" | "too_many_parts";

/** Judges bytes that claim to be a message. */
export type WireCheck = (bytes: Uint8Array) => WireFault | undefined;

type FieldShape = {
  readonly wireType: WireType;
  /** Its items may also come in one piece. */
  readonly isPackable: boolean;
  /** Each occurrence becomes an object, or a place in a list. */
  readonly isPart: boolean;
  readonly child: Shape | undefined;
  /** By how much what is in it is nested deeper; an entry of a map is no level of its own. */
  readonly levels: 0 | 1;
};
type Shape = ReadonlyMap<number, FieldShape>;

/** Where a check is; kept in one object so that it makes no others. */
type Cursor = { readonly bytes: Uint8Array; at: number; parts: number; readonly partsMax: number };

/** The decoder's own bound. */
const depthMax = 100;
const varintBytesMax = 10;
const tagMax = 2 ** 32;
const fixed32Bytes = 4;
const fixed64Bytes = 8;

class Fault extends Error {
  readonly fault: WireFault;
  constructor(fault: WireFault) {
    super(fault);
    this.fault = fault;
  }
}

/** Makes the check for one type. Messages nested deeper than 100 and more than `partsMax` parts are faults, too. */
export function createWireCheck(schema: DescMessage, partsMax: number): WireCheck {
  const shape = shapeOf(schema, new Map());
  return (bytes) => {
    try {
      checkMessage({ bytes, at: 0, parts: 0, partsMax }, shape, bytes.length, 1);
      return undefined;
    } catch (error) {
      if (error instanceof Fault) return error.fault;
      throw error;
    }
  };
}

function checkMessage(cursor: Cursor, shape: Shape, end: number, depth: number): void {
  if (depth > depthMax) throw new Fault("malformed");
  while (cursor.at < end) {
    const tag = readTag(cursor, end);
    const wireType = tag & 7;
    const field = shape.get(tag >>> 3);
    if (!field) skipUnknown(cursor, tag, end, depth);
    else if (wireType === field.wireType) checkField(cursor, field, end, depth);
    else if (wireType === WireType.LengthDelimited && field.isPackable) checkPacked(cursor, field, end);
    else throw new Fault("malformed");
  }
}

function checkField(cursor: Cursor, field: FieldShape, end: number, depth: number): void {
  if (field.isPart) countPart(cursor);
  if (field.child) checkMessage(cursor, field.child, readEnd(cursor, end), depth + field.levels);
  else skipValue(cursor, field.wireType, end);
}

function checkPacked(cursor: Cursor, { wireType }: FieldShape, end: number): void {
  const packedEnd = readEnd(cursor, end);
  while (cursor.at < packedEnd) {
    countPart(cursor);
    skipValue(cursor, wireType, packedEnd);
  }
}

function countPart(cursor: Cursor): void {
  cursor.parts += 1;
  if (cursor.parts > cursor.partsMax) throw new Fault("too_many_parts");
}

function skipUnknown(cursor: Cursor, tag: number, end: number, depth: number): void {
  countPart(cursor);
  const wireType = tag & 7;
  if (wireType === WireType.StartGroup) skipGroup(cursor, tag >>> 3, end, depth + 1);
  else skipValue(cursor, wireType, end);
}

function skipGroup(cursor: Cursor, number: number, end: number, depth: number): void {
  if (depth > depthMax) throw new Fault("malformed");
  for (;;) {
    const tag = readTag(cursor, end);
    if ((tag & 7) !== WireType.EndGroup) skipUnknown(cursor, tag, end, depth);
    else if (tag >>> 3 === number) return;
    else throw new Fault("malformed");
  }
}

function skipValue(cursor: Cursor, wireType: WireType, end: number): void {
  switch (wireType) {
    case WireType.Varint:
      readVarint(cursor, end);
      return;
    case WireType.Bit64:
      moveTo(cursor, cursor.at + fixed64Bytes, end);
      return;
    case WireType.Bit32:
      moveTo(cursor, cursor.at + fixed32Bytes, end);
      return;
    case WireType.LengthDelimited:
      cursor.at = readEnd(cursor, end);
      return;
    default:
      throw new Fault("malformed");
  }
}

/** Reads a length; answers where what it tells the length of ends. */
function readEnd(cursor: Cursor, end: number): number {
  const length = readVarint(cursor, end);
  if (length > end - cursor.at) throw new Fault("malformed");
  return cursor.at + length;
}

function readTag(cursor: Cursor, end: number): number {
  const tag = readVarint(cursor, end);
  if (tag >= tagMax || tag < 8) throw new Fault("malformed");
  return tag;
}

/** Reads a varint; beyond 2^53 the number is not exact, which no length or tag comes near. */
function readVarint(cursor: Cursor, end: number): number {
  const first = cursor.bytes[cursor.at];
  if (first !== undefined && first < 0x80 && cursor.at < end) {
    cursor.at += 1;
    return first;
  }
  const start = cursor.at;
  let value = 0;
  for (let read = 0; read < varintBytesMax && start + read < end; read++) {
    const byte = cursor.bytes[start + read] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * read);
    if (byte >= 0x80) continue;
    cursor.at = start + read + 1;
    return value;
  }
  throw new Fault("malformed");
}

function moveTo(cursor: Cursor, at: number, end: number): void {
  if (at > end) throw new Fault("malformed");
  cursor.at = at;
}

/** The shape of a type; `known` breaks the circle of types that contain themselves. */
function shapeOf(schema: DescMessage, known: Map<string, Shape>): Shape {
  const before = known.get(schema.typeName);
  if (before) return before;
  const shape = new Map<number, FieldShape>();
  known.set(schema.typeName, shape);
  for (const field of schema.fields) shape.set(field.number, fieldShapeOf(field, known));
  return shape;
}

function fieldShapeOf(field: DescField, known: Map<string, Shape>): FieldShape {
  switch (field.fieldKind) {
    case "scalar":
      return scalarShape(wireTypeOf(field.scalar), false);
    case "enum":
      return scalarShape(WireType.Varint, false);
    case "message":
      return messageShape(shapeOf(field.message, known));
    case "map":
      return { ...messageShape(entryShape(field, known)), levels: 0 };
    case "list":
      if (field.listKind === "message") return messageShape(shapeOf(field.message, known));
      return scalarShape(field.listKind === "enum" ? WireType.Varint : wireTypeOf(field.scalar), true);
  }
}

/** A map is a list of messages with a key and a value. */
function entryShape(field: DescField & { fieldKind: "map" }, known: Map<string, Shape>): Shape {
  const value =
    field.mapKind === "message"
      ? messageShape(shapeOf(field.message, known))
      : scalarShape(field.mapKind === "enum" ? WireType.Varint : wireTypeOf(field.scalar), false);
  return new Map([
    [1, scalarShape(wireTypeOf(field.mapKey), false)],
    [2, value],
  ]);
}

// No schema of ours has groups, which is the other way to put a message into one.
const messageShape = (child: Shape): FieldShape => ({
  wireType: WireType.LengthDelimited,
  isPackable: false,
  isPart: true,
  child,
  levels: 1,
});

const scalarShape = (wireType: WireType, isInList: boolean): FieldShape => ({
  wireType,
  isPackable: isInList && wireType !== WireType.LengthDelimited,
  isPart: isInList,
  child: undefined,
  levels: 0,
});

function wireTypeOf(scalar: ScalarType): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
