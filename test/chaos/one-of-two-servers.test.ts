import { expect, onTestFinished, test } from "vitest";
import { type SharingServer, shareStore } from "../support/shared-store.ts";
import { expectOnce, load, spread } from "../support/spread-load.ts";
import { startTcpProxy } from "./support/tcp-proxy.ts";

test("of two servers one is behind a wire that is cut: all goes on at the other, and nothing runs twice", {
  timeout: 60_000,
}, async () => {
  const [a, b] = (await shareStore(2, { leaseMs: 2000 })) as [SharingServer, SharingServer];
  const wire = await startTcpProxy(Number(new URL(a.url).port));
  onTestFinished(() => wire.close());
  const { runs, clients } = await spread([{ ...a, url: `http://127.0.0.1:${wire.port}` }, b]);
  const { more, end } = load(clients);
  await more(100);
  wire.cut();
  // Those that were at the other server notice nothing; the others need as long as a ping may take.
  const accepted = b.accepted();
  await more(100);
  const results = await end();
  expect(wire.withheldBytes).toBeGreaterThan(0);
  expect(b.accepted()).toBeGreaterThan(accepted);
  expectOnce(runs, results);
});
