import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { mask } from "./mask.ts";
import { lookedAt, readSource, root } from "./source-files.ts";

const source = "proto/stem/v1/error_reason.proto";

/** Where the reasons stand besides the proto, and how each place is read. */
const mirrors: Readonly<Record<string, (text: string) => string[]>> = {
  "docs/errors.md": (text) =>
    [...text.matchAll(/^#{2,4} `?([A-Z][A-Z_]+)`?\s*$/gm)].map(([, reason]) => reason ?? ""),
  "server/src/model/problem.ts": reasonsOfUnion,
};

/** The values of `reason: "…"` in a union of problems. */
function reasonsOfUnion(text: string): string[] {
  const { code, strings } = mask(text);
  return [...code.matchAll(/\breason: "#(\d+)"/g)].map(([, index]) => strings[Number(index)] ?? "");
}

/** The reasons that clients may meet: all but the unspecified one. */
function reasonsOfProto(text: string): string[] {
  const values = [...text.matchAll(/^\s*ERROR_REASON_(\w+) = \d+/gm)].map(([, name]) => name ?? "");
  return values.filter((name) => name !== "UNSPECIFIED");
}

function sorted(reasons: readonly string[]): string[] {
  return [...new Set(reasons)].sort();
}

const present = Object.keys(mirrors).filter((file) => existsSync(path.join(root, path.dirname(file))));

test("the check sees the proto and its mirrors", () => {
  lookedAt("error reasons", [source, ...present].length, 2);
  expect(reasonsOfProto(readSource(source)).length).toBeGreaterThan(10);
});

test.each(present)("%s has the reasons of error_reason.proto, no more and no fewer", (file) => {
  const read = mirrors[file];
  expect(sorted(read?.(readSource(file)) ?? [])).toEqual(sorted(reasonsOfProto(readSource(source))));
});

test("the SDK takes its reasons from the generated enum, so they cannot differ", () => {
  expect(readSource("sdk-ts/src/problem.ts")).toContain("keyof typeof ErrorReason");
});
