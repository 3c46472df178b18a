#!/usr/bin/env -S node --max-semi-space-size=16
// Starts the server on a Node that can run it. Plain JavaScript that any Node parses, so that an old one gets a
// helpful sentence (or the Node that npm installed beside us) and not a syntax error.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

// What a task leaves behind on its way in dies young. V8's young generation on a large machine holds four times as much
// garbage, for the same processor time a task and 80 MiB more of memory. The first line of this file says it, too.
const nodeFlags = ["--max-semi-space-size=16"];
const built = new URL("../dist/cli.js", import.meta.url);
const source = new URL("../src/cli.ts", import.meta.url);
// A checkout runs its sources, which are never stale; a published package has only dist/.
const fromSource = existsSync(source);
const ready = isModern() && (!fromSource || process.execArgv.includes("--conditions=stem-src"));

if (ready) await import(fromSource ? source : built);
else runAgain(isModern() ? process.execPath : bundledNode());

function isModern() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 11);
}

function bundledNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/node`);
  } catch {
    process.stderr.write(`stem-server needs Node.js 24.11 or newer; this is ${process.version}.\n`);
    if (process.platform === "linux") process.stderr.write(`npm install ${name}@24 puts one beside it.\n`);
    process.exit(1);
  }
}

/** Hands the signals on and ends as the child ends, so that a supervisor sees one process. */
function runAgain(node) {
  const flags = [...nodeFlags, ...(fromSource ? ["--conditions=stem-src"] : [])];
  const args = [...flags, ...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.removeAllListeners();
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  });
}
