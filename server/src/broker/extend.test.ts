import { expect, test } from "vitest";
import { openRooms, taskRefOf } from "../../../test/support/rooms.ts";
import { defaultNamespace, namespaceOf, plus } from "../model/ids.ts";

test("a lease is extended by its token: to its own length, to a length asked for, to an hour at most", async () => {
  const rooms = await openRooms();
  const { broker, clock, defaults } = rooms;
  await rooms.enqueue({ id: "a" }, { id: "b", policy: { leaseMs: 60_000 } });
  const worker = await rooms.worker();
  const [a, b] = await worker.take(2);
  expect([a?.leaseMs, b?.leaseMs]).toEqual([undefined, 60_000]);
  const tokens = [a?.token ?? new Uint8Array(), b?.token ?? new Uint8Array()];
  const ends = async () => [(await rooms.read("a")).leaseUntil, (await rooms.read("b")).leaseUntil];
  const after = (ms: number) => plus(clock.now(), ms + defaults.leaseGraceMs);

  await clock.advance(10_000);
  const held = tokens.map((token) => ({ token, held: true }));
  expect(await broker.extend(defaultNamespace, tokens, undefined)).toEqual(held);
  expect(await ends()).toEqual([after(20_000), after(60_000)]);
  await broker.extend(defaultNamespace, tokens, 90_000);
  expect(await ends()).toEqual([after(90_000), after(90_000)]);
  await broker.extend(defaultNamespace, tokens, 86_400_000);
  expect(await ends()).toEqual([after(3_600_000), after(3_600_000)]);
  await rooms.close();
});

test("a lease past its end is extended as long as nobody else got the task", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const { token } = await worker.takeOne();
  await rooms.clock.advance(60_000);
  expect(await rooms.read("a")).toMatchObject({ state: "ready", reason: "lease_expired" });
  expect(await rooms.broker.extend(defaultNamespace, [token], undefined)).toEqual([{ token, held: true }]);
  expect(await rooms.read("a")).toMatchObject({ state: "leased", deliveries: 1 });
  await rooms.close();
});

test("each lease that is over says why", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  await rooms.enqueue({ id: "settled" }, { id: "cancelled" }, { id: "superseded" });
  const worker = await rooms.worker();
  const leases = await worker.take(3);
  const [settled, cancelled, superseded] = leases;
  if (!settled || !cancelled || !superseded) throw new Error("three tasks were there");
  await worker.succeed(settled);
  await broker.cancel(taskRefOf("cancelled"), { reason: "" });
  await worker.settle(cancelled, { kind: "released" });
  await rooms.clock.advance(30_000);
  await (await rooms.worker({ name: "other" })).takeOne();

  const stranger = Buffer.alloc(60);
  const tokens = [...leases.map(({ token }) => token), stranger];
  const verdicts = await broker.extend(defaultNamespace, tokens, undefined);
  expect(verdicts.map((verdict) => (verdict.held ? "held" : verdict.why))).toEqual([
    "settled",
    "settled",
    "superseded",
    "token_invalid",
  ]);
  const elsewhere = await broker.extend(namespaceOf("other"), [settled.token], undefined);
  expect(elsewhere).toMatchObject([{ held: false, why: "token_invalid" }]);
  await rooms.close();
});
