// Makes a fresh clone ready: installs packages when the lockfile changed, generates code when the protos changed.
// Plain JavaScript on Node's own modules: it runs before anything is installed, on whatever Node (20.19 or newer) is there.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamps = path.join(root, "node_modules/.cache/stem");

if (isStale("installed", ["package-lock.json"])) {
  say("installing packages (npm ci)");
  // A NODE_ENV=production or omit= setting of this machine would leave out the tools and the bundled Node.
  npm("ci", "--include=dev", "--include=optional");
  remember("installed", ["package-lock.json"]);
}
refuseOldNode();
if (isStale("generated", protoFiles())) {
  say("generating code from proto/ (npm run gen)");
  npm("run", "--silent", "gen");
  remember("generated", protoFiles());
}
// Through npm, whose PATH starts with the Node just installed; the shell that runs us still knows the old one.
if (process.argv.includes("--with-test-tools")) npm("run", "--silent", "test:tools");

function protoFiles() {
  const protos = readdirSync(path.join(root, "proto/stem"), { recursive: true })
    .filter((name) => name.endsWith(".proto"))
    .map((name) => `proto/stem/${name}`);
  return [
    ...protos.sort(),
    "buf.yaml",
    "buf.gen.yaml",
    "package-lock.json",
    "scripts/gen.ts",
    "scripts/print-proto-file.ts",
    "scripts/third-party-protos.ts",
  ];
}

function isStale(name, files) {
  const stamp = path.join(stamps, name);
  return !existsSync(stamp) || readFileSync(stamp, "utf8") !== digest(files);
}

function remember(name, files) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(path.join(stamps, name), digest(files));
}

function digest(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

/** Runs the npm that runs us, so that a machine with several keeps to one; ends with its status when it fails. */
function npm(...args) {
  const own = process.env.npm_execpath;
  const [command, before] = own ? [process.execPath, [own]] : ["npm", []];
  const { status, error } = spawnSync(command, [...before, ...args], { cwd: root, stdio: "inherit" });
  if (error) say(`npm could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Where npm has no Node 24 for this machine (macOS, Windows), its own must be new enough to run TypeScript and node:sqlite. */
function refuseOldNode() {
  if (existsSync(path.join(root, "node_modules/.bin/node"))) return;
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 11)) return;
  say(
    `Node 24.11 or newer is needed, this is ${process.version}, and npm has no Node for ${process.platform}-${process.arch}.`,
  );
  process.exit(1);
}

function say(text) {
  process.stderr.write(`stem: ${text}\n`);
}
