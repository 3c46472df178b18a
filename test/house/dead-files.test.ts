import path from "node:path";
import { test } from "vitest";
import { importGraph, workspaceEntries } from "./imports.ts";
import { mask } from "./mask.ts";
import { codeFiles, expectNone, isTestFile, lookedAt, readSource, repositoryFiles } from "./source-files.ts";

/** Files that something other than an import starts: a package's door, a script, a tool, a test runner. */
function entries(files: readonly string[]): string[] {
  const manifests = repositoryFiles().filter((file) => path.basename(file) === "package.json");
  const named = manifests.flatMap((file) =>
    [...readSource(file).matchAll(/[\w./-]+\.(?:ts|mjs|js)\b/g)].map(([name]) =>
      path.posix.join(path.dirname(file), name),
    ),
  );
  return [
    ...workspaceEntries().values(),
    ...named,
    ...files.filter((file) => /^[^/]+\.config\.ts$/.test(file)),
  ];
}

/** Files that a file names in a string, as it does for a worker thread or a child process. */
function namedFiles(file: string): string[] {
  const names = mask(readSource(file)).strings.filter((text) => /\.(ts|mjs|js)$/.test(text));
  return names.flatMap((name) => [
    path.posix.join(path.posix.dirname(file), name),
    path.posix.normalize(name),
  ]);
}

function reachableFrom(starts: readonly string[]): Set<string> {
  const targets = new Map(importGraph().map((each) => [each.file, each.targets]));
  const reached = new Set<string>();
  const waiting = [...starts];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const next = targets.get(file);
    if (next === undefined || reached.has(file)) continue;
    reached.add(file);
    waiting.push(...next, ...namedFiles(file));
  }
  return reached;
}

test("every file is used: product code by the product, the rest by a test, a script or a tool", () => {
  const files = codeFiles().filter((file) => !file.endsWith(".d.ts"));
  lookedAt("dead files", files.length, 140);
  const starts = entries(files);
  const byProduct = reachableFrom(starts);
  const byTests = reachableFrom([...starts, ...files.filter((file) => file.endsWith(".test.ts"))]);
  const isProduct = (file: string): boolean => /^(sdk-ts|worker|server)\//.test(file) && !isTestFile(file);
  expectNone([
    ...files.filter((file) => !byTests.has(file)).map((file) => `${file}: nothing imports or starts it`),
    ...files
      .filter((file) => isProduct(file) && byTests.has(file) && !byProduct.has(file))
      .map((file) => `${file}: only tests use it`),
  ]);
});
