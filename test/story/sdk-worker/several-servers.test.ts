import { expect, test } from "vitest";
import { type SharingServer, shareStore } from "../../support/shared-store.ts";
import { expectOnce, load, spread } from "../../support/spread-load.ts";
import { until } from "../../support/until.ts";

test("a server that is stopped under load is left for the other, and used again when it is back", {
  timeout: 60_000,
}, async () => {
  const servers = await shareStore(2, { leaseMs: 2000 });
  const [a, b] = servers as [SharingServer, SharingServer];
  const { runs, clients } = await spread(servers);
  const { more, end } = load(clients);
  await more(100);
  await a.close();
  const atB = b.accepted();
  await more(200);
  expect(b.accepted()).toBeGreaterThan(atB);
  const [accepted, granted] = [a.accepted(), a.granted()];
  await a.start();
  const used = () => a.accepted() > accepted && a.granted() > granted;
  await until(used, { deadlineMs: 50_000, what: "tasks stored and granted by the server that is back" });
  expectOnce(runs, await end());
});

test("servers are restarted one after the other under load: nothing is lost, and nothing runs twice", {
  timeout: 60_000,
}, async () => {
  const servers = await shareStore(2, { leaseMs: 2000 });
  const { runs, clients } = await spread(servers);
  const { more, end } = load(clients);
  await more(100);
  for (const server of servers) {
    await server.drain();
    await more(100);
    const [accepted, granted] = [server.accepted(), server.granted()];
    await server.start();
    const used = () => server.accepted() > accepted && server.granted() > granted;
    await until(used, { deadlineMs: 50_000, what: "tasks stored and granted by the server that is back" });
    await more(100);
  }
  expectOnce(runs, await end());
});
