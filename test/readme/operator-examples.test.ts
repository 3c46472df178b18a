import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { snippetsOf } from "../support/markdown-snippets.ts";
import { startProcess } from "../support/server-process.ts";
import { startStem } from "../support/whole-stem.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** Runs the example of that name against a server, and answers what it printed. */
async function run(page: string, name: string, url: string): Promise<readonly string[]> {
  const markdown = readFileSync(path.join(root, "docs", page), "utf8");
  const text = snippetsOf(markdown).find(({ file }) => file === name)?.text ?? "";
  expect(text, `${page} has ${name}`).toContain("connect()");
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-operators-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(path.join(folder, name), text.replace("connect()", `connect("${url}")`));
  const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(markdown) ?? [];
  writeFileSync(path.join(folder, "routing.yaml"), yaml);
  const { exited, lines } = startProcess(path.join(folder, name), [], { cwd: folder });
  expect(await exited, lines.join("\n")).toEqual({ code: 0, signal: null });
  return lines;
}

test("the examples of what operators do from a program print what they say", {
  timeout: 120_000,
}, async () => {
  const { stem, url, work } = await startStem();
  const sync = defineTask({ name: "crm.sync", version: 3 });
  await work({ tasks: [implement(sync, () => undefined)], name: "w1", queues: ["mail"] });
  const claimed = await stem.enqueue(sync, [], { unique: { key: "customer-7" } });

  expect(await run("limits.md", "limits.ts", url)).toEqual([
    "taskName mail.send any number ada",
    "key payments 5 not paused",
  ]);
  expect(await Array.fromAsync(stem.limits.weights("default"))).toEqual([{ key: "acme", weight: 3 }]);
  expect(await run("definitions.md", "definitions.ts", url)).toEqual(["crm.sync 3 w1 undisputed"]);
  expect(await run("unique-tasks.md", "claims.ts", url)).toEqual([`customer-7 ${claimed.id} 0`]);
  expect((await claimed.status()).state).toBe("cancelled");
  const said = await run("control.md", "control.ts", url);
  expect(said.join("\n")).toMatch(/w1 ok \[\]\nw1 \[ 'mail' \]/);
  expect(await run("routing.md", "routing.ts", url)).toEqual(["mail 7"]);
  expect((await stem.routing.get()).source).toBe("store");
});
