import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { snippetsOf } from "../support/markdown-snippets.ts";
import { startProcess, startServerProcess, type TestProcess } from "../support/server-process.ts";
import { isAsPrinted, type ShellExample, shellExamplesOf } from "../support/shell-examples.ts";
import { testWithTool } from "../support/test-with-tool.ts";
import { until } from "../support/until.ts";

const root = path.resolve(import.meta.dirname, "../..");
const readme = readFileSync(path.join(root, "README.md"), "utf8");
const examples = shellExamplesOf(readme);
const folder = mkdtempSync(path.join(os.tmpdir(), "stem-readme-"));

let server: (TestProcess & { readonly url: string }) | undefined;
let worker: TestProcess | undefined;

/** The README's texts say the default port; the test's server has one of its own. */
const here = (text: string): string => text.replaceAll("127.0.0.1:7836", new URL(server?.url ?? "").host);

beforeAll(async () => {
  const command = /npx stem-server (.*)/.exec(readme)?.[1] ?? "";
  expect(command).toContain("sqlite:/var/lib/stem/stem.db");
  server = await startServerProcess(command.replace("/var/lib/stem", folder).split(" "));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
  for (const { file, text } of snippetsOf(readme)) writeFileSync(path.join(folder, file), here(text));
  worker = startProcess(path.join(folder, "worker.ts"), []);
}, 60_000);

afterAll(async () => {
  await worker?.end("SIGTERM");
  await server?.end("SIGTERM");
  rmSync(folder, { recursive: true });
});

test("the worker is five lines, the enqueue three, and they work together", async () => {
  const enqueue = startProcess(path.join(folder, "enqueue.ts"), []);
  expect(await enqueue.exited).toEqual({ code: 0, signal: null });
  expect(enqueue.lines).toEqual(["5"]);
  const lineCount = (name: string): number => {
    const text = snippetsOf(readme).find(({ file }) => file === name)?.text ?? "";
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("//")).length;
  };
  expect(lineCount("worker.ts")).toBeLessThanOrEqual(5);
  // Three that enqueue, two imports, and the farewell.
  expect(lineCount("enqueue.ts")).toBeLessThanOrEqual(6);
});

/** Runs a command, again while its task is on its way, until it prints what the README says. */
async function expectPrints({ command, prints }: ShellExample): Promise<void> {
  const env = { ...process.env, PATH: `${path.join(root, "node_modules/.bin")}:${process.env["PATH"]}` };
  let said = "";
  const isPrinted = (): boolean => {
    const { stdout, stderr, status } = spawnSync("bash", ["-c", here(command)], { encoding: "utf8", env });
    said = `${stdout}${stderr}`;
    return status === 0 && isAsPrinted(stdout, prints);
  };
  await until(isPrinted, { deadlineMs: 50_000, what: prints }).catch((error: unknown) => {
    throw new Error(`${command}\nprinted\n${said}`, { cause: error });
  });
}

const byTool = (tool: string): ShellExample[] => examples.filter(({ command }) => command.startsWith(tool));

test.each([
  ["grpcurl ", 2],
  ["curl ", 2],
  ["npx buf curl ", 2],
])("there are examples of %s", (tool, count) => {
  expect(byTool(tool).length).toBeGreaterThanOrEqual(count);
});

test.each([...byTool("curl "), ...byTool("npx buf curl ")])("$command", { timeout: 30_000 }, expectPrints);

testWithTool("every grpcurl example prints what the README says", {
  tool: "grpcurl",
  timeoutMs: 60_000,
  run: async (grpcurl) => {
    for (const { command, prints } of byTool("grpcurl ")) {
      await expectPrints({ command: command.replace(/^grpcurl/, grpcurl), prints });
    }
  },
});

test("the example that is compared tells right from wrong", () => {
  expect(isAsPrinted('{\n  "taskId": "a"\n}', '{"taskId":"a"}')).toBe(true);
  expect(isAsPrinted('{"taskId":"b"}', '{"taskId":"a"}')).toBe(false);
  expect(isAsPrinted('{"x":1,"state":"DONE"}', '…"state":"DONE"…')).toBe(true);
});
