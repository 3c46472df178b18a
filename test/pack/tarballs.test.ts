import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { snippetsOf } from "../support/markdown-snippets.ts";
import { startCommand, type TestProcess } from "../support/server-process.ts";

/**
 * The packages as a user gets them: compiled, packed, installed outside the repository, and run by Node versions that
 * came from elsewhere. Here alone `stem-src` is not set, so what only works from sources fails.
 */
const root = path.resolve(import.meta.dirname, "../..");
const workspaces = ["proto", "sdk-ts", "worker", "server"];
const doors = [
  "@stem/proto/stem/v1/task_pb",
  "@stem/sdk",
  "@stem/sdk/internal",
  "@stem/sdk/testing",
  "@stem/worker",
  "@stem/worker/testing",
];

/** A user has no conditions set, and a test run must not lend them ours. */
const env = { ...process.env, NODE_OPTIONS: "" };
const folder = mkdtempSync(path.join(os.tmpdir(), "stem-pack-"));
const app = path.join(folder, "app");
const node22 = path.join(folder, "node22/node_modules/.bin/node");
const node24 = process.execPath;

beforeAll(() => {
  run("npm", ["run", "--silent", "build"], root);
  run(
    "npm",
    [
      "pack",
      "--silent",
      "--pack-destination",
      folder,
      ...workspaces.flatMap((name) => ["--workspace", name]),
    ],
    root,
  );
  const tarballs = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  expect(tarballs).toHaveLength(workspaces.length);
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  install(app, [
    ...tarballs.map((file) => path.join(folder, file)),
    `typescript@${devDependencies.typescript}`,
    `@types/node@${devDependencies["@types/node"]}`,
  ]);
  install(path.dirname(path.dirname(path.dirname(node22))), [`node-${os.platform()}-${os.arch()}@22.23.3`]);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a tarball holds what is compiled, and neither sources nor tests nor build notes", () => {
  for (const name of ["proto", "sdk", "worker", "server"]) {
    const files = readdirSync(path.join(app, "node_modules/@stem", name), { recursive: true }).map(String);
    expect(files.filter((file) => file.endsWith(".js")).length).toBeGreaterThan(0);
    expect(files.filter((file) => /(?<!\.d)\.ts$|\.test\.|tsbuildinfo$|^src/.test(file))).toEqual([]);
  }
});

test.each([
  ["22", () => node22],
  ["24", () => node24],
])("every door of proto, SDK and worker opens on plain Node %s", (major, node) => {
  writeFileSync(
    path.join(app, "doors.js"),
    doors.map((door, index) => `import * as d${index} from "${door}";`).join("\n"),
  );
  expect(run(node(), ["--version"], app)).toMatch(new RegExp(`^v${major}\\.`));
  run(node(), ["doors.js"], app);
});

test("the server's command runs on plain Node 24", () => {
  const command = path.join(app, "node_modules/.bin/stem-server");
  expect(run(node24, [command, "--version"], app)).toMatch(/^\d+\.\d+\.\d+/);
});

test("the server's command tells Node 22 what it needs", () => {
  const command = path.join(app, "node_modules/.bin/stem-server");
  expect(() => run(node22, [command, "--version"], app)).toThrow(
    /needs Node\.js 24\.11 or newer; this is v22/,
  );
});

test("a user's strict compiler sees the types", () => {
  const wrong = doors.map(
    (door, index) => `import * as d${index} from "${door}";\nexport const n${index}: number = d${index};`,
  );
  writeFileSync(path.join(app, "wrong.ts"), wrong.join("\n"));
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "NodeNext",
    "--target",
    "ES2024",
    "--pretty",
    "false",
  ];
  const compile = (): string => run(node24, ["node_modules/.bin/tsc", ...options, "wrong.ts"], app);
  // One error a door, and no other: each has types, and none of them is any.
  expect(compile).toThrow(
    new RegExp(doors.map((_, index) => `wrong\\.ts\\(${index * 2 + 2},14\\): error TS2322`).join("[^]*")),
  );
  expect(compile).not.toThrow(/TS7016|TS2307/);
});

/** Writes the README's example into the app, for a server at `address`. */
function writeExample(address: string): readonly string[] {
  const snippets = snippetsOf(readFileSync(path.join(root, "README.md"), "utf8"));
  for (const { file, text } of snippets) {
    writeFileSync(path.join(app, file), text.replaceAll("127.0.0.1:7836", address));
  }
  return snippets.map(({ file }) => file);
}

/** A careful user's: the declarations of our packages are checked, too. */
const strict = ["--noEmit", "--strict", "--module", "NodeNext", "--target", "ES2024", "--pretty", "false"];

const inProcess = `
import { createConfig, type RunningServer, startServer } from "@stem/server";

const config = createConfig({ store: { url: "memory:" }, listen: { port: 0 }, log: { level: "warn" } });
const server: RunningServer = await startServer(config);
const port: number = server.address.port;
const { status } = await fetch(\`http://127.0.0.1:\${port}/healthz\`);
await server.close();
console.log(status);
`;

test("a server runs inside another program, and has types there", () => {
  writeFileSync(path.join(app, "in-process.ts"), inProcess);
  run(node24, ["node_modules/.bin/tsc", ...strict, "--types", "node", "in-process.ts"], app);
  expect(run(node24, ["in-process.ts"], app)).toBe("200\n");
});

test("the pages about embedding, payloads and testing are true of the packages as they are installed", {
  timeout: 240_000,
}, () => {
  for (const page of ["embedding", "payloads", "testing"]) {
    const snippets = snippetsOf(readFileSync(path.join(root, `docs/${page}.md`), "utf8"));
    for (const { file, text } of snippets) writeFileSync(path.join(app, file), text);
    const files = snippets.map(({ file }) => file);
    const options = [...strict, "--types", "node", "--allowImportingTsExtensions"];
    run(node24, ["node_modules/.bin/tsc", ...options, ...files], app);
    for (const file of files) run(node24, [file], app);
  }
});

test("the README's example compiles in a user's folder, libraries included", () => {
  const files = writeExample("127.0.0.1:7836");
  expect(files.length).toBeGreaterThanOrEqual(3);
  run(node24, ["node_modules/.bin/tsc", ...strict, "--allowImportingTsExtensions", ...files], app);
});

test.each([
  ["22", () => node22],
  ["24", () => node24],
])("the README's example runs on plain Node %s", { timeout: 60_000 }, async (_, node) => {
  const started: TestProcess[] = [];
  const start = (command: string, args: readonly string[]): TestProcess => {
    const child = startCommand(command, args, { cwd: app, env: { NODE_OPTIONS: "" } });
    started.push(child);
    return child;
  };
  try {
    const args = ["--port", "0", "--store", "sqlite:data/stem.db", "--log-format", "json"];
    const server = start(node24, ["node_modules/.bin/stem-server", ...args]);
    const { url } = JSON.parse(await server.line(/"msg":"listening"/));
    writeExample(new URL(url).host);
    start(node(), ["worker.ts"]);
    const enqueue = start(node(), ["enqueue.ts"]);
    expect(await enqueue.exited).toEqual({ code: 0, signal: null });
    expect(enqueue.lines).toContain("5");
  } finally {
    for (const child of started.toReversed()) await child.end("SIGTERM");
  }
});

const hostedTasks = `
import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";

export const inThread = defineTask<[], string>({ name: "thread" });
export const inProcess = defineTask<[], string>({ name: "process" });
export const implementations = [inThread, inProcess].map((task) =>
  implement(task, (ctx) => {
    ctx.log.warn({ pid: process.pid }, \`in a \${ctx.name}\`);
    return ctx.name;
  }),
);
`;

const hostedWorker = `
import { connect } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";
import { inProcess, inThread } from "./hosted-tasks.ts";

const url = "URL";
const module = new URL("./hosted-tasks.ts", import.meta.url);
const tasks = [implement(inThread, { runner: "thread", module }), implement(inProcess, { runner: "process", module })];
const worker = createWorker({ url, tasks });
await worker.start();
const stem = connect(url);
console.log(await (await stem.enqueue(inThread)).result(), await (await stem.enqueue(inProcess)).result());
await stem.close();
await worker.stop();
`;

test.each([
  ["22", () => node22],
  ["24", () => node24],
])("handlers run in threads and child processes on plain Node %s", { timeout: 60_000 }, async (_, node) => {
  const server = startCommand(
    node24,
    ["node_modules/.bin/stem-server", "--port", "0", "--store", "memory:", "--log-format", "json"],
    {
      cwd: app,
      env: { NODE_OPTIONS: "" },
    },
  );
  try {
    const { url } = JSON.parse(await server.line(/"msg":"listening"/));
    writeFileSync(path.join(app, "hosted-tasks.ts"), hostedTasks);
    writeFileSync(path.join(app, "hosted-worker.ts"), hostedWorker.replace("URL", url));
    expect(run(node(), ["hosted-worker.ts"], app)).toBe("thread process\n");
  } finally {
    await server.end("SIGTERM");
  }
});

function install(place: string, packages: readonly string[]): void {
  mkdirSync(place, { recursive: true });
  writeFileSync(
    path.join(place, "package.json"),
    JSON.stringify({ name: "app", private: true, type: "module" }),
  );
  run(
    "npm",
    ["install", "--loglevel=error", "--no-audit", "--no-fund", "--prefer-offline", ...packages],
    place,
  );
}

/** What the command printed; throws with all it said when it fails. */
function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
