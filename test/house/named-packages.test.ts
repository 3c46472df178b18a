import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { importGraph } from "./imports.ts";
import { isTestFile, lookedAt, readSource, root } from "./source-files.ts";

/** The libraries that Stem is asked to be built on: once `room` exists, product code under `by` (or the room) imports it. */
const imported: Readonly<Record<string, { readonly room: string; readonly by?: string }>> = {
  "@grpc/grpc-js": { room: "server/src/api/grpc" },
  "@bufbuild/protobuf": { room: "server/src/api" },
  "@connectrpc/connect": { room: "sdk-ts/src" },
  "@connectrpc/connect-node": { room: "server/src/api/http" },
  ioredis: { room: "server/src/storage/redis" },
  "cron-parser": { room: "server/src/beat" },
  pino: { room: "server/src/main.ts", by: "server/src" },
  // Telemetry is born with the logs; the tracing port is what asks for more.
  "@opentelemetry/instrumentation-grpc": { room: "server/src/ports/trace.ts", by: "server/src/telemetry" },
};

/** The tools among them, and the scripts that run each. */
const run: Readonly<Record<string, string>> = {
  vitest: "package.json",
  buf: "scripts/gen.ts",
};

const product = importGraph().filter(
  ({ file }) => /^(sdk-ts|worker|server)\//.test(file) && !isTestFile(file),
);
const born = Object.entries(imported).filter(([, { room }]) => existsSync(path.join(root, room)));

test("the check sees the product", () => {
  lookedAt("named packages", product.length, 90);
  expect(born.length).toBeGreaterThanOrEqual(1);
});

test.each(born)("%s is imported, now that its room exists", (name, { room, by = room }) => {
  const importers = product.filter(
    ({ file, specifiers }) =>
      file.startsWith(`${by}/`) && specifiers.some((each) => each === name || each.startsWith(`${name}/`)),
  );
  expect(importers.map(({ file }) => file)).not.toEqual([]);
});

test.each(Object.entries(run))("%s is run by %s", (tool, script) => {
  expect(readSource(script)).toMatch(new RegExp(`"${tool}["\\s]`));
});
