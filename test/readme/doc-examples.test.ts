import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { type Snippet, snippetsOf } from "../support/markdown-snippets.ts";
import { startProcess } from "../support/server-process.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** Runs each example of a page as a program of its own, in one folder; answers what each printed. */
async function runPage(page: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-docs-"));
  try {
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
    const snippets = snippetsOf(readFileSync(path.join(root, page), "utf8"));
    for (const { file, text } of snippets) writeFileSync(path.join(folder, file), text);
    const run = async ({ file }: Snippet): Promise<[string, readonly string[]]> => {
      const { exited, lines } = startProcess(path.join(folder, file), [], { cwd: folder });
      const exit = await exited;
      expect(exit, `${page}, ${file}:\n${lines.join("\n")}`).toEqual({ code: 0, signal: null });
      return [file, lines];
    };
    return new Map(await Promise.all(snippets.map(run)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the example of a server inside a program runs", { timeout: 120_000 }, async () => {
  const printed = await runPage("docs/embedding.md");
  expect(printed.get("embedded.ts")).toContain("5");
  expect(printed.get("app.ts")).toEqual(["5"]);
});

test("the example of a traced task joins the handler's span to the producer's", {
  timeout: 120_000,
}, async () => {
  const printed = (await runPage("docs/telemetry.md")).get("traced.ts");
  expect(printed?.[0]).toBe("5");
  expect(printed?.slice(1).sort()).toEqual(["enqueue default ", "process default under the producer's"]);
});

test("the examples of payloads hold what they assert", { timeout: 120_000 }, async () => {
  expect([...(await runPage("docs/payloads.md")).keys()]).toEqual([
    "codecs.ts",
    "tasks.ts",
    "compression.ts",
    "versions.ts",
  ]);
});

test("the examples of the test kit pass", { timeout: 120_000 }, async () => {
  const printed = await runPage("docs/testing.md");
  for (const [file, passes] of [
    ["place-order-test.ts", 1],
    ["bill-test.ts", 2],
    ["whole-test.ts", 1],
  ] as const) {
    expect(printed.get(file)?.join("\n"), file).toMatch(new RegExp(`(#|ℹ) pass ${passes}`));
  }
});

test.each([
  ["canvases", "docs/canvas.md", "canvas.ts"],
  ["schedules", "docs/beat.md", "schedules.ts"],
])("the example of %s prints what the page says", { timeout: 120_000 }, async (_, page, file) => {
  const printed = (await runPage(page)).get(file);
  const markdown = readFileSync(path.join(root, page), "utf8");
  const [, said = ""] = /It prints\n\n```\n([\s\S]*?)```/.exec(markdown) ?? [];
  expect(printed).toEqual(said.trim().split("\n"));
});
