import { create } from "@bufbuild/protobuf";
import { ListQueuesRequestSchema } from "@stem/proto/stem/v1/queue_service_pb";
import { ListTasksRequestSchema } from "@stem/proto/stem/v1/task_service_pb";
import { expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { createPageTokens, type PageQuestion, pageSizeOf } from "./page-token.ts";

const tokens = createPageTokens(new Uint8Array(32).fill(1));
const question = (init: { queue?: string; namespace?: string } = {}): PageQuestion => ({
  schema: ListTasksRequestSchema,
  request: create(ListTasksRequestSchema, init),
});

test("a token gives back the cursor that it was made of", () => {
  for (const cursor of ["0", "12345678901", "mail.send"])
    expect(tokens.read(question(), tokens.sign(question(), cursor))).toBe(cursor);
});

test("at the end there is no token, and no token is the start", () => {
  expect(tokens.sign(question(), undefined)).toBe("");
  expect(tokens.read(question(), "")).toBeUndefined();
});

test("a token of another question, namespace, method or server is refused", () => {
  const token = tokens.sign(question({ queue: "a" }), "7");
  const others = [
    question({ queue: "b" }),
    question({ queue: "a", namespace: "other" }),
    { schema: ListQueuesRequestSchema, request: create(ListQueuesRequestSchema) },
  ];
  for (const other of others) expect(() => tokens.read(other, token)).toThrow("FIELD_INVALID");
  const elsewhere = createPageTokens(new Uint8Array(32).fill(2));
  expect(() => elsewhere.read(question({ queue: "a" }), token)).toThrow("FIELD_INVALID");
});

test("a token with any character changed, added or left out is refused", () => {
  const token = tokens.sign(question(), "7");
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === "A" ? "B" : "A";
    const changed = token.slice(0, at) + other + token.slice(at + 1);
    expect(() => tokens.read(question(), changed)).toThrow("FIELD_INVALID");
    expect(() => tokens.read(question(), token.slice(0, at) + token.slice(at + 1))).toThrow("FIELD_INVALID");
  }
  for (const wrong of [`${token}A`, ` ${token}`, `${token}=`, "garbage", "\u0000"])
    expect(() => tokens.read(question(), wrong)).toThrow("FIELD_INVALID");
});

test("a page size of 0 is the default, and one above the limit is the limit", () => {
  expect([0, 7, 1_000_000].map((asked) => pageSizeOf(asked, limits))).toEqual([50, 7, 1000]);
});
