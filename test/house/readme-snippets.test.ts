import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { type Snippet, snippetsOf } from "../support/markdown-snippets.ts";
import { lookedAt, markdownFiles, readSource, root } from "./source-files.ts";

/** What the compiler says about the snippets, each a module of its own; empty when they are right. */
function compile(snippets: readonly Snippet[]): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-readme-"));
  try {
    // Like a user's project: strict, with the packages installed beside it.
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
    for (const { file, text } of snippets) writeFileSync(path.join(folder, file), `${text}\nexport {};\n`);
    writeFileSync(
      path.join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: path.join(root, "tsconfig.base.json"),
        compilerOptions: {
          noEmit: true,
          composite: false,
          declarationMap: false,
          noUnusedLocals: false,
          typeRoots: [path.join(root, "node_modules/@types")],
        },
        files: [...snippets.map(({ file }) => file), path.join(root, "types/headers-init.d.ts")],
      }),
    );
    const tsc = path.join(root, "node_modules/.bin/tsc");
    return spawnSync(tsc, ["-p", folder, "--pretty", "false"], { encoding: "utf8", cwd: folder }).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Pages whose examples stand for themselves, or are about types; those of other pages only run, in test/readme. */
const readmes = markdownFiles().filter(
  (file) => path.basename(file) === "README.md" || ["docs/workers.md", "docs/beat.md"].includes(file),
);

test("every TypeScript example of a README, and of the pages on workers and schedules, compiles", {
  timeout: 120_000,
}, () => {
  lookedAt("README snippets", readmes.length, 1);
  if (readmes.includes("README.md")) expect(snippetsOf(readSource("README.md"))).not.toEqual([]);
  const found = readmes.map((file) => ({ file, snippets: snippetsOf(readSource(file)) }));
  for (const { file, snippets } of found) expect(snippets.length > 0 ? compile(snippets) : "", file).toBe("");
});

test("an example that does not compile is found", { timeout: 60_000 }, () => {
  const good =
    '```ts\n// good.ts\nimport { TaskSchema } from "@stem/proto/stem/v1/task_pb";\nTaskSchema.typeName;\n```\n';
  const bad = '```ts\nimport { good } from "./good.ts";\nconst x: number = "a";\n```\n';
  expect(compile(snippetsOf(good))).toBe("");
  const said = compile(snippetsOf(good + bad));
  expect(said).toContain("snippet-2.ts(1,10): error TS2305");
  expect(said).toContain("snippet-2.ts(2,7): error TS2322");
});
