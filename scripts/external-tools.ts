import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** Programs that some tests run and that npm cannot bring. */
export type ToolName = "chromium" | "grpcurl" | "postgres" | "python-grpc" | "redis-server" | "strace";

/** How a tool is found, and how it gets onto a machine. */
export interface Tool {
  /** The command to run, or undefined where it is not installed. */
  readonly find: () => string | undefined;
  /** Debian packages that bring it, where Debian has it. */
  readonly debianPackages: readonly string[];
  /** One sentence for a reader who lacks it. */
  readonly howToAdd: string;
}

/** Pinned: a newer grpcurl is taken in by changing this line, never by a release elsewhere. */
export const grpcurlModule = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4";

/** Where our own grpcurl lies: outside node_modules, because building it takes a minute and `npm ci` deletes that. */
export const grpcurlFolder = path.join(
  process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"),
  "stem",
  grpcurlModule.replaceAll(/[/@]/g, "-"),
);

const byApt = "run the tests as root on Debian with STEM_TEST_APT=1, or install";

/** Debian's own, which has Debian's packages; examples/python/README.md says the same. */
const systemPython = "/usr/bin/python3";
/** Where Debian puts it. Another machine's browser may be of any age, and does not count. */
const debianChromium = "/usr/bin/chromium";
const pythonPackages = [
  "python3-grpcio",
  "python3-protobuf",
  "protobuf-compiler",
  "protobuf-compiler-grpc",
] as const;

/** Every tool that a test may ask for. */
export const tools: Readonly<Record<ToolName, Tool>> = {
  chromium: {
    find: () => [debianChromium].find((file) => existsSync(file)),
    debianPackages: ["chromium"],
    howToAdd: `${byApt} chromium`,
  },
  grpcurl: {
    find: () => [path.join(grpcurlFolder, "grpcurl")].find((file) => existsSync(file)),
    debianPackages: [],
    howToAdd: "install Go; npm test then builds the pinned grpcurl",
  },
  postgres: {
    find: () => postgresFolders().find((folder) => existsSync(path.join(folder, "initdb"))),
    debianPackages: ["postgresql"],
    howToAdd: `${byApt} postgresql`,
  },
  "python-grpc": {
    find: () => [systemPython].find((python) => hasGrpc(python) && canGenerate()),
    debianPackages: pythonPackages,
    howToAdd: `${byApt} ${pythonPackages.join(", ")}`,
  },
  "redis-server": {
    find: () => (succeeds("redis-server", "--version") ? "redis-server" : undefined),
    debianPackages: ["redis-server"],
    howToAdd: `${byApt} redis-server`,
  },
  strace: {
    // Run once, because a container may have it and forbid it to trace.
    find: () => (succeeds("strace", "-o", "/dev/null", "true") ? "strace" : undefined),
    debianPackages: ["strace"],
    howToAdd: `${byApt} strace, where processes may be traced`,
  },
};

/** Where the programs of Postgres may lie, the newest version of Debian's first: they are not on the PATH there. */
function postgresFolders(): readonly string[] {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const onPath = (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  return [...versions.map((version) => path.join(debian, version, "bin")), ...onPath];
}

/** Whether this machine has Go, without which there is no grpcurl. */
export function hasGo(): boolean {
  return succeeds("go", "version");
}

function hasGrpc(python: string): boolean {
  return succeeds(python, "-c", "import grpc, google.protobuf");
}

/** Whether there is a protoc that knows `optional` in proto3 (since 3.15), with its plugin for Python. */
function canGenerate(): boolean {
  const said = spawnSync("protoc", ["--version"], { encoding: "utf8" }).stdout ?? "";
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(said)?.map(Number) ?? [];
  const isNewEnough = major > 3 || (major === 3 && minor >= 15);
  return isNewEnough && existsSync("/usr/bin/grpc_python_plugin");
}

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
