import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { importGraph } from "./imports.ts";
import { isTestFile, lookedAt, readSource, root } from "./source-files.ts";

/** A library that Stem is asked to be built on. */
interface Named {
  /** Once this exists the library is used. */
  readonly room: string;
  /** Product code under here (or in the room) imports it. */
  readonly by?: string;
  /** Why it is not used although its room exists: the check is then skipped with this as its note, until the library is imported. */
  readonly owed?: string;
}

/** All of them, by name. */
const imported: Readonly<Record<string, Named>> = {
  "@grpc/grpc-js": { room: "server/src/api/grpc" },
  "@bufbuild/protobuf": { room: "server/src/api" },
  "@connectrpc/connect": { room: "sdk-ts/src" },
  "@connectrpc/connect-node": { room: "server/src/api/http" },
  ioredis: { room: "server/src/storage/redis" },
  "cron-parser": { room: "server/src/beat" },
  pino: { room: "server/src/main.ts", by: "server/src" },
  "@opentelemetry/instrumentation-grpc": { room: "server/src/telemetry" },
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

test.for(born)("%s is imported, now that its room exists", ([name, { room, by = room, owed }], context) => {
  const importers = product.filter(
    ({ file, specifiers }) =>
      file.startsWith(`${by}/`) && specifiers.some((each) => each === name || each.startsWith(`${name}/`)),
  );
  const files = importers.map(({ file }) => file);
  if (owed === undefined) return expect(files).not.toEqual([]);
  expect(files, "it is used by now; it is no longer owed").toEqual([]);
  return context.skip(owed);
});

test.each(Object.entries(run))("%s is run by %s", (tool, script) => {
  expect(readSource(script)).toMatch(new RegExp(`"${tool}["\\s]`));
});
