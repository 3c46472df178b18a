import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { launcherFlags } from "../../bench/support/stem.ts";

const root = path.resolve(import.meta.dirname, "../..");
const launcher = path.join(root, "server/bin/stem-server.js");
const bare = { ...process.env, NODE_OPTIONS: "" };

function run(node: string, ...args: readonly string[]) {
  return spawnSync(node, [launcher, ...args], { encoding: "utf8", env: bare });
}

/** A Node of this machine that is too old to run the server, such as the one that npm runs on. */
function oldNode(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders
    .map((folder) => path.join(folder, "node"))
    .filter((file) => existsSync(file))
    .find((file) => /^v(1\d|2[0-3])\./.test(spawnSync(file, ["--version"], { encoding: "utf8" }).stdout));
}

test("the command runs from sources and hands arguments, output and exit code on", () => {
  expect(run(process.execPath, "--version")).toMatchObject({ status: 0, stdout: "0.1.0\n" });
  const refused = run(process.execPath, "--port", "x");
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("listen.port (from --port)");
});

test("its first line, the Node that it starts and the benchmarks have the same flags", () => {
  const [firstLine] = readFileSync(launcher, "utf8").split("\n", 1);
  expect(firstLine).toBe(`#!/usr/bin/env -S node ${launcherFlags.join(" ")}`);
  const tellFlags = "--import=data:text/javascript,console.error(process.execArgv.join())";
  const { stderr } = spawnSync(process.execPath, [launcher, "--version"], {
    encoding: "utf8",
    env: { ...bare, NODE_OPTIONS: tellFlags },
  });
  expect(stderr.trim().split("\n").at(-1)).toBe([...launcherFlags, "--conditions=stem-src"].join());
});

test("a Node that is too old hands over to the one that npm installed", (context) => {
  const node = oldNode();
  if (node === undefined) return context.skip("this machine has no Node older than 24 on its PATH");
  expect(run(node, "--version")).toMatchObject({ status: 0, stdout: "0.1.0\n" });
});

test("a signal to the launcher stops the server, and the launcher ends as the server did", async () => {
  const args = [launcher, "--port", "0", "--store", "memory:", "--log-format", "json"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], env: bare });
  const said: string[] = [];
  for await (const part of child.stdout.setEncoding("utf8")) {
    said.push(part);
    if (said.join("").includes('"msg":"listening"')) break;
  }
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});
