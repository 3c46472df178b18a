import { FieldOptionsSchema } from "@bufbuild/protobuf/wkt";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { expect, test } from "vitest";
import { createDescriptorIndex, withImports } from "./descriptor-index.ts";

const index = createDescriptorIndex([TaskService]);

test.each([
  ["stem.v1.TaskService", "stem/v1/task_service"],
  ["stem.v1.TaskService.EnqueueTask", "stem/v1/task_service"],
  ["stem.v1.NewTask", "stem/v1/task"],
  ["stem.v1.NewTask.name", "stem/v1/task"],
  ["stem.v1.TaskState", "stem/v1/task_state"],
  ["google.protobuf.Duration", "google/protobuf/duration"],
  ["google.protobuf.FieldDescriptorProto.Type", "google/protobuf/descriptor"],
  ["buf.validate.field", "buf/validate/validate"],
])("%s is defined in %s", (symbol, file) => {
  expect(index.fileBySymbol(symbol)?.name).toBe(file);
  expect(index.fileByName(`${file}.proto`)?.name).toBe(file);
});

test("what is not there is not found", () => {
  expect(index.fileBySymbol("stem.v1.Nope")).toBeUndefined();
  expect(index.fileByName("stem/v1/nope.proto")).toBeUndefined();
  expect(index.fileByExtension("stem.v1.NewTask", 1)).toBeUndefined();
  expect(index.extensionNumbers("stem.v1.Nope")).toBeUndefined();
});

test("extensions are found by the message that they extend", () => {
  const numbers = index.extensionNumbers(FieldOptionsSchema.typeName) ?? [];
  expect(numbers).toContain(1159);
  expect(index.fileByExtension(FieldOptionsSchema.typeName, 1159)?.name).toBe("buf/validate/validate");
  expect(index.extensionNumbers("stem.v1.NewTask")).toEqual([]);
});

test("a file comes with all that it imports, each once", () => {
  const names = withImports([TaskService.file]).map((file) => file.name);
  expect(names[0]).toBe("stem/v1/task_service");
  expect(names).toEqual(expect.arrayContaining(["google/rpc/status", "google/protobuf/any"]));
  expect(new Set(names).size).toBe(names.length);
});
