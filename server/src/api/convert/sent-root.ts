import { toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type CanvasNode, CanvasNodeSchema } from "@stem/proto/stem/v1/canvas_pb";
import { type SubmitCanvasRequest, SubmitCanvasRequestSchema } from "@stem/proto/stem/v1/canvas_service_pb";
import { WireCursor } from "@stem/proto/wire/wire-cursor";
import type { Bytes } from "../../model/ids.ts";

/** The tag of the field that has the tree of a canvas to be. */
export const rootTag = (SubmitCanvasRequestSchema.field.root.number << 3) | WireType.LengthDelimited;

/**
 * The bytes of the tree in a request; undefined where it is said in pieces, which are one tree only once they were put together, or where
 * the bytes can only be read by the generated codec.
 */
export function rootBytesIn(bytes: Buffer): Bytes | undefined {
  const cursor = new WireCursor(bytes);
  let found: Bytes | undefined;
  try {
    while (cursor.at < bytes.length) {
      if (!cursor.takeTag(rootTag, bytes.length)) cursor.skipField();
      else if (found !== undefined) return undefined;
      else found = cursor.bytes();
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return found;
}

const sentRoots = new WeakMap<SubmitCanvasRequest, Bytes>();

/** Remembers the bytes in which a request had its tree: a view of the request's. */
export function setSentRoot(request: SubmitCanvasRequest, bytes: Bytes): void {
  sentRoots.set(request, bytes);
}

/** The bytes of a request's tree: those that were sent, where they are known, so that a large one is not written once more. */
export const rootBytesOf = (request: SubmitCanvasRequest, root: CanvasNode): Bytes =>
  sentRoots.get(request) ?? toBinary(CanvasNodeSchema, root);
