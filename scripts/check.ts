// `npm run check`: everything about the tree that can be said without running the product. All steps run, also after
// one has failed, so that one round shows all there is to mend.
import { spawnSync } from "node:child_process";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");

/** In this order: generating fills the third-party protos that buf needs, and tsc needs the generated code. */
const steps: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  "proto/gen is what the protos generate": ["node", "scripts/gen.ts", "--check"],
  "protos: lint": ["buf", "lint"],
  "protos: format": ["buf", "format", "--diff", "--exit-code", "--path", "proto/stem"],
  "protos: compatible": ["node", "scripts/breaking.ts"],
  "format and lint": ["biome", "check", "--error-on-warnings"],
  types: ["tsc", "-b"],
  "types of tests and tools": ["tsc", "-p", "tsconfig.tools.json"],
  house: ["vitest", "run", "test/house"],
};

const failed: string[] = [];
for (const [name, [command, ...args]] of Object.entries(steps)) {
  const start = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (status !== 0) failed.push(name);
}
console.log(failed.length === 0 ? "check: all well" : `check: failed at ${failed.join("; ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
