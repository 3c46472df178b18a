import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { TaskProgressSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { describe, expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { isProblem } from "./checked.ts";
import { readProgress } from "./progress.ts";

type Init = MessageInitShape<typeof TaskProgressSchema>["progress"];

const read = (progress: Init) =>
  readProgress(create(TaskProgressSchema, { progress: progress as never }), limits);

test.each([0, 0.5, 100])("%d percent are taken", (percent) => {
  expect(read({ percent, message: "half" })).toEqual({ percent, message: "half", data: undefined });
});

test("nothing said is taken", () => {
  expect(read(undefined)).toEqual({ percent: undefined, message: "", data: undefined });
});

test("data are kept encoded", () => {
  const progress = read({ data: { data: { case: "json", value: "[1]" } } });
  if (isProblem(progress) || !progress.data) throw new Error("refused");
  expect(fromBinary(PayloadSchema, progress.data).data).toEqual({ case: "json", value: "[1]" });
});

describe("the field is named when", () => {
  test.each([-1, 100.001, 101, Number.NaN, Number.POSITIVE_INFINITY])("percent is %d", (percent) => {
    expect(read({ percent })).toMatchObject({ violations: [{ field: "progress.percent" }] });
  });

  test("the message has more than 4 KiB", () => {
    expect(read({ message: "é".repeat(2049) })).toMatchObject({
      violations: [{ field: "progress.message" }],
    });
  });

  test("the data are no JSON, or more than may be kept for every running task", () => {
    expect(read({ data: { data: { case: "json", value: "{" } } })).toMatchObject({
      violations: [{ field: "progress.data.json" }],
    });
    const value = new Uint8Array(limits.progressDataBytesMax + 1);
    expect(read({ data: { data: { case: "binary", value } } })).toMatchObject({
      reason: "PAYLOAD_TOO_LARGE",
      field: "progress.data.binary",
    });
  });
});
