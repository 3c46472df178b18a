import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAsPrinted, shellExamplesOf } from "../support/shell-examples.ts";
import { startWireServer, type WireServer } from "../support/wire-server.ts";

/** The curl examples of a page. */
function examplesOf(page: string) {
  const text = readFileSync(path.resolve(import.meta.dirname, "../../docs", page), "utf8");
  return shellExamplesOf(text).filter(({ command }) => command.startsWith("curl "));
}

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

/** Runs a command; asynchronously, for the server is in this process. */
function run(command: string): Promise<string> {
  const here = command.replaceAll("127.0.0.1:7836", `${server.host}:${server.port}`);
  return new Promise((resolve, reject) => {
    execFile("bash", ["-c", here], (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

test.each([
  ["locks.md", 2],
  ["unique-tasks.md", 3],
  ["queue-events.md", 1],
])("the examples of %s print what it says", async (page, count) => {
  const examples = examplesOf(page);
  expect(examples).toHaveLength(count);
  for (const { command, prints } of examples) {
    const said = await run(command);
    expect(isAsPrinted(said, prints), `${command}\nprinted\n${said}`).toBe(true);
  }
});
