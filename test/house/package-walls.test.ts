import path from "node:path";
import { expect, test } from "vitest";
import { type Importer, importGraph } from "./imports.ts";
import { expectNone, isTestFile, lookedAt } from "./source-files.ts";

/** Third-party modules with a wall: where in the server they may be imported. */
const modules: readonly (readonly [module: RegExp, ...places: string[]])[] = [
  [/^(@grpc\/|@connectrpc\/|@stem\/proto|@bufbuild\/)/, "api/"],
  [/^node:sqlite$/, "storage/sqlite/"],
  [/^ioredis$/, "storage/redis/"],
  [/^(pg|pg-.*)$/, "storage/postgres/"],
  [/^@aws-sdk\//, "storage/sqs/"],
  [/^@opentelemetry\//, "telemetry/"],
  [/^commander$/, "config/", "cli.ts"],
  [/^yaml$/, "config/", "lib/document"],
];

/** Where each workspace may reach into another; tests, benchmarks, examples and scripts may import all. */
const workspaces: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  "sdk-ts": ["@stem/proto"],
  worker: ["@stem/proto", "@stem/sdk"],
  server: ["@stem/proto"],
};

function moduleFault(file: string, specifier: string): string | undefined {
  if (!file.startsWith("server/src/")) return undefined;
  const wall = modules.find(([module]) => module.test(specifier));
  if (wall === undefined) return undefined;
  const [, ...places] = wall;
  if (places.some((place) => file.startsWith(`server/src/${place}`))) return undefined;
  return `belongs to ${places.map((place) => `server/src/${place}`).join(", ")} only`;
}

function workspaceFault(file: string, specifier: string): string | undefined {
  const home = file.slice(0, file.indexOf("/"));
  const allowed = workspaces[home];
  if (allowed === undefined) return undefined;
  if (
    specifier.startsWith("@stem/") &&
    !allowed.some((each) => specifier === each || specifier.startsWith(`${each}/`))
  ) {
    return `${home} may import ${allowed.join(", ") || "no other package of ours"}`;
  }
  const target = path.posix.join(path.posix.dirname(file), specifier);
  const outside = specifier.startsWith(".") && !target.startsWith(`${home}/`);
  return outside ? "a relative import stays in its workspace" : undefined;
}

/** All that is wrong with what one file imports. */
function faultsOf({ file, specifiers }: Pick<Importer, "file" | "specifiers">): string[] {
  return specifiers.flatMap((specifier) => {
    const fault = workspaceFault(file, specifier) ?? moduleFault(file, specifier);
    return fault === undefined ? [] : [`${file} imports ${specifier}: ${fault}`];
  });
}

test("each library stays in its room, each package reaches only where it may", () => {
  const shipped = importGraph().filter(({ file }) => !isTestFile(file));
  lookedAt("package walls", shipped.length, 110);
  expectNone(shipped.flatMap(faultsOf));
});

test.each([
  ["server/src/api/call.ts", "@bufbuild/protobuf", true],
  ["server/src/broker/claim.ts", "@bufbuild/protobuf", false],
  ["server/src/cli.ts", "commander", true],
  ["server/src/main.ts", "commander", false],
  ["server/src/storage/memory/claim.ts", "node:sqlite", false],
  ["server/src/api/call.ts", "@stem/sdk", false],
  ["worker/src/worker.ts", "@stem/sdk/internal", true],
  ["worker/src/worker.ts", "./engine.ts", true],
  ["worker/src/worker.ts", "../../sdk-ts/src/client.ts", false],
  ["sdk-ts/src/client.ts", "@stem/worker", false],
  ["bench/main.ts", "@stem/worker", true],
])("%s may import %s: %s", (file, specifier, legal) => {
  expect(faultsOf({ file, specifiers: [specifier] })).toHaveLength(legal ? 0 : 1);
});
