import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect } from "vitest";
import { snippetsOf } from "../support/markdown-snippets.ts";
import { startProcess, startServerProcess, type TestProcess } from "../support/server-process.ts";
import { isAsPrinted, type ShellExample, shellExamplesOf } from "../support/shell-examples.ts";
import { testWithTool } from "../support/test-with-tool.ts";

const root = path.resolve(import.meta.dirname, "../..");
const page = readFileSync(path.join(root, "docs/security.md"), "utf8");
const folder = mkdtempSync(path.join(os.tmpdir(), "stem-security-"));
symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
let server: (TestProcess & { readonly url: string }) | undefined;
afterAll(async () => {
  await server?.end("SIGTERM");
  rmSync(folder, { recursive: true });
});

/** The page says the default port; the test's server has one of its own. */
const here = (text: string): string =>
  text.replaceAll("127.0.0.1:7836", `127.0.0.1:${new URL(server?.url ?? "").port}`);

const start = "npx stem-server ";
const env = { ...process.env, PATH: `${path.join(root, "node_modules/.bin")}:${process.env["PATH"]}` };

/** Does what one example says: starts its server in place of the one before, or runs it and compares what it prints. */
async function follow({ command, prints }: ShellExample): Promise<void> {
  if (command.startsWith(start)) {
    await server?.end("SIGTERM");
    server = await startServerProcess(command.slice(start.length).split(/\s+/), { cwd: folder });
    return;
  }
  const text = server ? here(command) : command;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", text], { cwd: folder, encoding: "utf8", env });
  expect(status, `${command}\n${stderr}`).toBe(0);
  expect(isAsPrinted(stdout, prints), `${command}\nprinted\n${stdout}${stderr}`).toBe(true);
}

/** Runs the page's program against the server that runs now. */
async function runProgram(): Promise<readonly string[]> {
  const [program] = snippetsOf(page);
  const file = path.join(folder, program?.file ?? "");
  writeFileSync(file, here(program?.text ?? ""));
  const { exited, lines } = startProcess(file, [], { cwd: folder });
  expect(await exited, lines.join("\n")).toEqual({ code: 0, signal: null });
  return lines;
}

testWithTool("every example of the page on security does what it says, from the first to the last", {
  tool: "grpcurl",
  timeoutMs: 120_000,
  run: async (grpcurl) => {
    const examples = shellExamplesOf(page);
    const starts = examples.filter(({ command }) => command.startsWith(start));
    expect([examples.length, starts.length]).toEqual([12, 2]);
    for (const { command, prints } of examples) {
      if (command === starts[1]?.command) expect(await runProgram()).toEqual(["5"]);
      await follow({ command: command.replace(/^grpcurl/, grpcurl), prints });
    }
  },
});
