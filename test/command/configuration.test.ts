import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runServerCommand, startServerProcess } from "../support/server-process.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "stem-command-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("--version and --help answer and end with 0", async () => {
  expect(await runServerCommand(["--version"])).toMatchObject({
    code: 0,
    said: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  });
  const help = await runServerCommand(["--help"]);
  expect(help.code).toBe(0);
  expect(help.said).toContain("--store <url>");
});

test("an address that others reach is refused with 2, unless it is meant", async () => {
  const refused = await runServerCommand(["--host", "0.0.0.0", "--store", "memory:"]);
  expect(refused.code).toBe(2);
  expect(refused.said).toContain("listen.host: 0.0.0.0 can be reached by other machines");
  expect(refused.said).toContain("--insecure");
});

test("a wrong setting ends with 2 and says where it came from", async () => {
  const file = path.join(folder, "stem.yaml");
  writeFileSync(file, "listen:\n  prot: 1\n");
  const { code, said } = await runServerCommand(["--config", file, "--drain-ms", "soon"], {
    env: { STEM_LOG_LEVEL: "loud" },
  });
  expect(code).toBe(2);
  expect(said).toContain(`${file}:2: there is no setting "listen.prot"; did you mean "listen.port"?`);
  expect(said).toContain('server.drainMs (from --drain-ms): "soon" is not allowed');
  expect(said).toContain('log.level (from STEM_LOG_LEVEL): "loud" is not allowed');
});

test("a port that is taken ends with 4 and says so", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { code, said } = await runServerCommand(["--port", String(port), "--store", "memory:"]);
  other.close();
  expect(code).toBe(4);
  expect(said).toContain(`cannot listen on 127.0.0.1:${port}: another program holds this port`);
});

test("a second server on the same file ends with 3 and leaves the first alone", async () => {
  const store = `sqlite:${path.join(folder, "new/folder/stem.db")}`;
  const first = await startServerProcess(["--store", store]);
  const second = await runServerCommand(["--port", "0", "--store", store]);
  const info = await fetch(`${first.url}/healthz`);
  await first.end("SIGTERM");
  expect(second.code).toBe(3);
  expect(second.said).toContain("cannot be opened");
  expect(info.status).toBe(200);
});

test("a store that cannot be opened ends with 3", async () => {
  const file = path.join(folder, "no-database");
  writeFileSync(file, "this is text, and no database at all; SQLite looks at the first sixteen bytes");
  const { code, said } = await runServerCommand(["--port", "0", "--store", `sqlite:${file}`]);
  expect(code).toBe(3);
  expect(said).toContain("cannot be opened");
});

test("what is set is what GetServerInfo tells", async () => {
  const server = await startServerProcess(
    [
      "--store",
      "memory:",
      "--limit",
      "headersMax=7",
      "--default",
      "leaseMs=9000",
      "--default",
      "heartbeatMs=900",
    ],
    { env: { STEM_NAMESPACES: "default,team-a" } },
  );
  const info = await fetch(`${server.url}/stem.v1.ServerService/GetServerInfo`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  }).then((response) => response.json());
  await server.end("SIGTERM");
  expect(info).toMatchObject({
    store: "memory",
    durability: "DURABILITY_NONE",
    namespaces: ["default", "team-a"],
    defaults: { leaseDuration: "9s", heartbeatInterval: "0.900s" },
    limits: { headersMax: "7", tagsMax: "16" },
  });
  // The machine's own clock: nobody sets it meanwhile, and it is where the server's was read from.
  const { clock } = info as { readonly clock: Readonly<Record<string, string>> };
  expect(Object.keys(clock)).toEqual(["ahead"]);
  expect(Math.abs(Number.parseFloat(clock["ahead"] ?? ""))).toBeLessThan(1);
});
