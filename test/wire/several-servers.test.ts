import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ServerService } from "@stem/proto/stem/v1/server_service_pb";
import { connect, defineTask } from "@stem/sdk";
import { createServers, silentLogger } from "@stem/sdk/internal";
import { startTestServer } from "@stem/server/testing";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../support/free-port.ts";

const work = defineTask<[n: number]>({ name: "work" });

async function listenAt(server: Server): Promise<string> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => open.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startServer(): Promise<string> {
  const server = await startTestServer({ listen: { port: 0 } });
  onTestFinished(() => server.close());
  return server.url ?? "";
}

const deadUrl = async () => `http://127.0.0.1:${await freePort()}`;

test("an address where nobody answers is not waited for, whichever of the two comes first", async () => {
  const silent = await listenAt(createServer());
  const alive = await startServer();
  for (const random of [0, 0.99]) {
    const servers = createServers({ url: [silent, alive], log: silentLogger, random: () => random });
    const { transport } = servers.open();
    const { version } = await createClient(ServerService, transport).getServerInfo({});
    expect(version).not.toBe("");
    servers.close();
  }
});

test("a server that does not tell its health is used", async () => {
  const mute = createHttp2Server(connectNodeAdapter({ routes: () => undefined }));
  const servers = createServers({ url: [await listenAt(mute), await deadUrl()], log: silentLogger });
  onTestFinished(servers.close);
  const { getServerInfo } = createClient(ServerService, servers.open().transport);
  await expect(getServerInfo({})).rejects.toThrow("unimplemented");
});

test("what a server refuses is its own word, and no reason to ask another", async () => {
  const stem = connect({ url: [await startServer(), await deadUrl()] });
  onTestFinished(() => stem.close());
  await expect(stem.enqueue(work, [1], { queue: "no queue" })).rejects.toMatchObject({
    reason: "FIELD_INVALID",
  });
  await expect(stem.handle(work, "nobody").status()).rejects.toMatchObject({ reason: "TASK_UNKNOWN" });
});

test("a program that does not close its client ends when there is nothing left to do", async () => {
  const script = `
    import { connect, defineTask } from "@stem/sdk";
    const stem = connect({ url: ${JSON.stringify([await startServer(), await deadUrl()])} });
    const { state } = await (await stem.enqueue(defineTask({ name: "work" }), [])).status();
    console.log(state);`;
  const child = spawn(process.execPath, ["--conditions=stem-src", "--input-type=module", "-e", script], {
    cwd: path.resolve(import.meta.dirname, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  expect([said, code]).toEqual(["ready\n", 0]);
});

test.each([
  [{ url: [], failover: {} }, "url must name at least one server"],
  [{ url: "a:1,b:1", failover: { returnWithinMs: -1 } }, "failover.returnWithinMs must be between 0 and 1 h"],
  [{ url: "a:1,b:1", dial: () => new Promise(() => undefined) as never }, "dial leads to one server"],
])("%j is refused where it is written", (options, fault) => {
  expect(() => connect(options)).toThrow(fault);
});
