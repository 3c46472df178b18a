import { expect, test } from "vitest";
import { takeHeaders } from "./request-headers.ts";

const isKnownPath = (path: string): boolean => path === "/a.B/C";
const plain = { ":path": "/a.B/C", "content-type": "application/grpc", te: "trailers" };

test("what grpc-js does not tell is noted, and deadlines are kept from it", () => {
  const headers = { ...plain, "grpc-timeout": "1S", "grpc-encoding": "gzip", "x-a": "b" };
  expect(takeHeaders(headers, isKnownPath)).toEqual({
    contentType: "application/grpc",
    timeout: "1S",
    encoding: "gzip",
    headerBytes: 84,
    hasIllegalValue: false,
  });
  expect(headers).toEqual({ ...plain, "grpc-encoding": "gzip", "x-a": "b" });
});

test.each(["é", "a\tb", "a\r\nb", "\x7f"])(
  "the value %j is illegal, and grpc-js does not see it",
  (value) => {
    const headers = { ...plain, "x-a": value };
    expect(takeHeaders(headers, isKnownPath).hasIllegalValue).toBe(true);
    expect(headers).toEqual(plain);
  },
);

test("a name that metadata cannot carry is left out", () => {
  const headers = { ...plain, "x!a": "b" };
  expect(takeHeaders(headers, isKnownPath).hasIllegalValue).toBe(false);
  expect(headers).toEqual(plain);
});

test("an unknown path becomes short and printable", () => {
  const headers = { ...plain, ":path": `/é\n${"x".repeat(1000)}` };
  takeHeaders(headers, isKnownPath);
  expect(headers[":path"]).toMatch(/^\/\?\?x{197}$/);
});
