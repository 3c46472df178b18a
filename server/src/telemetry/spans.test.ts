import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { renamed } from "./spans.ts";

const ended = (code: number, kind: SpanKind = SpanKind.SERVER) =>
  renamed({
    name: "grpc.stem.v1.TaskService/GetTask",
    kind,
    attributes: {
      "rpc.system": "grpc",
      "rpc.service": "stem.v1.TaskService",
      "rpc.method": "GetTask",
      "rpc.grpc.status_code": code,
      "grpc.error_message": "it went wrong",
    },
    status: { code: SpanStatusCode.ERROR, message: "it went wrong" },
  });

test.each([
  [0, "OK", {}, SpanStatusCode.UNSET],
  [5, "NOT_FOUND", {}, SpanStatusCode.UNSET],
  [8, "RESOURCE_EXHAUSTED", {}, SpanStatusCode.UNSET],
  [13, "INTERNAL", { "error.type": "INTERNAL" }, SpanStatusCode.ERROR],
  [14, "UNAVAILABLE", { "error.type": "UNAVAILABLE" }, SpanStatusCode.ERROR],
])("status %i is %s, and an error where the server is at fault", (code, name, error, status) => {
  const span = ended(code);
  expect(span.name).toBe("stem.v1.TaskService/GetTask");
  expect(span.attributes).toEqual({
    "rpc.system.name": "grpc",
    "rpc.method": "stem.v1.TaskService/GetTask",
    "rpc.status_code": name,
    ...error,
  });
  expect(span.status).toEqual(
    status === SpanStatusCode.ERROR ? { code: status, message: "it went wrong" } : { code: status },
  );
});

test("a span of somebody else stays as it is", () => {
  const span = { name: "x", kind: SpanKind.INTERNAL, attributes: { a: 1 }, status: { code: 0 } };
  expect(renamed(span)).toEqual(span);
});
