import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CanvasNodeSchema } from "@stem/proto/stem/v1/canvas_pb";
import { SubmitCanvasRequestSchema } from "@stem/proto/stem/v1/canvas_service_pb";
import { expect, test } from "vitest";
import { rootBytesIn, rootBytesOf, rootTag, setSentRoot } from "./sent-root.ts";

const rootOf = (name: string) => create(CanvasNodeSchema, { node: { case: "task", value: { name } } });
const requestOf = (name: string) => create(SubmitCanvasRequestSchema, { id: "a", root: rootOf(name) });
const bytesOf = (name: string) => Buffer.from(toBinary(SubmitCanvasRequestSchema, requestOf(name)));

test("a tree is kept in the bytes in which it was sent, whatever is before and behind it", () => {
  const sent = rootBytesIn(Buffer.concat([bytesOf("double"), Buffer.from([0x22, 1, 0x78])]));
  expect(sent).toEqual(toBinary(CanvasNodeSchema, rootOf("double")));
});

test("a tree that is said in two pieces is written anew, put together", () => {
  const inPieces = Buffer.concat([bytesOf("double"), bytesOf("triple")]);
  expect(rootBytesIn(inPieces)).toBeUndefined();
  const request = fromBinary(SubmitCanvasRequestSchema, inPieces);
  const { root } = request;
  if (root === undefined) throw new Error("there is no tree");
  expect(rootBytesOf(request, root)).toEqual(toBinary(CanvasNodeSchema, rootOf("triple")));
  setSentRoot(request, new Uint8Array([1]));
  expect(rootBytesOf(request, root)).toEqual(new Uint8Array([1]));
});

test("a request without a tree, or whose bytes need the general codec, has none", () => {
  expect(rootBytesIn(Buffer.from([0x0a, 1, 0x61]))).toBeUndefined();
  expect(rootBytesIn(Buffer.from([0x0a, 0x81, 0x00, 0x61]))).toBeUndefined();
  expect(rootBytesIn(Buffer.from([rootTag, 9, 0x61]))).toBeUndefined();
});
