import { create } from "@bufbuild/protobuf";
import { LeaseVerdictSchema } from "@stem/proto/stem/v1/lease_pb";
import { describe, expect, test } from "vitest";
import { createManualClock, rest } from "../../../../test/support/manual-clock.ts";
import type { Lease } from "../../broker/broker.ts";
import { instantOf, queueNameOf, taskIdOf } from "../../model/ids.ts";
import { drain, type Grants, type OutFrame, settled } from "./frames.ts";
import { createOutbox } from "./outbox.ts";

const leaseOf = (id: string, contentBytes = 10): Lease => ({
  token: Buffer.from(id),
  taskId: taskIdOf(id),
  queue: queueNameOf("q"),
  fence: { epoch: 1, seq: 1 },
  attempt: 1,
  maxAttempts: 4,
  delivery: 1,
  leaseMs: undefined,
  createdAt: instantOf(0),
  content: new Uint8Array(contentBytes),
});
const grantsOf = (...ids: readonly string[]): Grants => ({
  kind: "grants",
  echo: 3n,
  firstSeq: 7,
  leases: ids.map((id) => leaseOf(id)),
});
const nameOf = (frame: OutFrame | undefined): string | undefined =>
  frame && (frame.kind === "grants" ? "grants" : frame.said.case);

const open = (frameBytesMax = 10_000) => {
  const clock = createManualClock();
  return { clock, outbox: createOutbox({ clock, frameBytesMax }) };
};

describe("the order in which frames leave", () => {
  test("answers, grants, then what is about grants", async () => {
    const { clock, outbox } = open();
    outbox.cancel(Buffer.from("t"), "why");
    await clock.advance(0);
    outbox.extend(5n, []);
    outbox.grant(grantsOf("t"));
    outbox.expect();
    outbox.answer(settled(4n, []));
    const order = [1, 2, 3, 4, 5].map(() => nameOf(outbox.take()));
    expect(order).toEqual(["settled", "grants", "extended", "cancel", undefined]);
  });

  test("what was said first leaves first", () => {
    const { outbox } = open();
    outbox.tell(drain(1000));
    outbox.expect();
    outbox.answer(settled(4n, []));
    expect([nameOf(outbox.take()), nameOf(outbox.take())]).toEqual(["drain", "settled"]);
  });

  test("a cancel waits a turn, so that the grant it is about can come before it", async () => {
    const { clock, outbox } = open();
    outbox.cancel(Buffer.from("t"), "why");
    expect(outbox.take()).toBeUndefined();
    outbox.grant(grantsOf("t"));
    await clock.advance(0);
    expect([nameOf(outbox.take()), nameOf(outbox.take())]).toEqual(["grants", "cancel"]);
  });
});

describe("what is put together", () => {
  test("cancels of one turn are one frame", async () => {
    const { clock, outbox } = open();
    for (const id of ["a", "b", "c"]) outbox.cancel(Buffer.from(id), `no ${id}`);
    await clock.advance(0);
    const frame = outbox.take();
    if (frame?.kind !== "said" || frame.said.case !== "cancel") throw new Error("no cancel");
    expect(frame.said.value.leases.map(({ reason }) => reason)).toEqual(["no a", "no b", "no c"]);
    expect(outbox.take()).toBeUndefined();
  });

  test("heartbeats that were answered before anybody read are one frame, with all that was lost and the newest echo", () => {
    const { outbox } = open();
    const lost = (token: string) => create(LeaseVerdictSchema, { leaseToken: Buffer.from(token) });
    outbox.extend(5n, [lost("a")]);
    outbox.extend(9n, [lost("b")]);
    const frame = outbox.take();
    if (frame?.kind !== "said" || frame.said.case !== "extended") throw new Error("no extended");
    expect(frame.echo).toBe(9n);
    expect(frame.said.value.lost.map(({ leaseToken }) => Buffer.from(leaseToken).toString())).toEqual([
      "a",
      "b",
    ]);
    expect(outbox.take()).toBeUndefined();
  });

  test("thousands of cancels are several frames", async () => {
    const { clock, outbox } = open();
    for (let i = 0; i < 1200; i++) outbox.cancel(Buffer.from("x"), "all");
    await clock.advance(0);
    expect([1, 2, 3, 4].map(() => nameOf(outbox.take()))).toEqual(["cancel", "cancel", "cancel", undefined]);
  });
});

describe("grants", () => {
  test("are cut into frames, numbered on", () => {
    const { outbox } = open(400);
    outbox.grant(grantsOf("a", "b", "c", "d", "e"));
    const seen: { first: number; ids: string[] }[] = [];
    for (let frame = outbox.take(); frame?.kind === "grants"; frame = outbox.take())
      seen.push({ first: frame.firstSeq, ids: frame.leases.map(({ taskId }) => taskId) });
    expect(seen).toEqual([
      { first: 7, ids: ["a", "b"] },
      { first: 9, ids: ["c", "d"] },
      { first: 11, ids: ["e"] },
    ]);
  });

  test("that were not handed out can be taken back", () => {
    const { outbox } = open(400);
    outbox.grant(grantsOf("a", "b", "c"));
    outbox.take();
    expect(outbox.dropGrants().map(({ taskId }) => taskId)).toEqual(["c"]);
    expect(outbox.take()).toBeUndefined();
    expect(outbox.dropGrants()).toEqual([]);
  });

  test("of a second claim never push out those of the first", () => {
    const { outbox } = open();
    outbox.grant(grantsOf("a"));
    expect(() => outbox.grant(grantsOf("b"))).toThrow("before the last ones were sent");
  });
});

describe("a peer that does not read", () => {
  test("is not read from once eight answers are owed or wait", async () => {
    const { outbox } = open();
    let hasRoom = false;
    for (let i = 1; i <= 8; i++) outbox.expect();
    outbox.answer(settled(1n, []));
    void outbox.room().then(() => {
      hasRoom = true;
    });
    await rest();
    expect(hasRoom).toBe(false);
    outbox.take();
    await rest();
    expect(hasRoom).toBe(true);
  });

  test("does not hold up the end", async () => {
    const { outbox } = open();
    for (let i = 1; i <= 8; i++) outbox.expect();
    const room = outbox.room();
    outbox.end();
    await room;
  });
});

describe("the end", () => {
  test("lets answers out, but no more grants and cancels", async () => {
    const { clock, outbox } = open();
    outbox.cancel(Buffer.from("t"), "why");
    await clock.advance(0);
    outbox.grant(grantsOf("a"));
    outbox.extend(5n, []);
    outbox.expect();
    outbox.answer(settled(4n, []));
    outbox.end();
    expect([1, 2, 3].map(() => nameOf(outbox.take()))).toEqual(["settled", "extended", undefined]);
    expect(outbox.isOver).toBe(true);
  });

  test("is what came first", () => {
    const { outbox } = open();
    const failure = new Error("first");
    outbox.end(failure);
    outbox.end(new Error("second"));
    outbox.end();
    expect(outbox.failure).toBe(failure);
  });
});

test("whoever waits for a change is woken by each kind of it", async () => {
  const { clock, outbox } = open();
  const changes: (() => unknown)[] = [
    () => outbox.wake(),
    () => outbox.tell(drain(1)),
    () => outbox.extend(1n, []),
    () => outbox.grant(grantsOf("a")),
    () => clock.advance(0),
    () => outbox.end(),
  ];
  outbox.cancel(Buffer.from("t"), "why");
  for (const change of changes) {
    const changed = outbox.changed();
    change();
    await changed;
  }
});
