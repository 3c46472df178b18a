import { describe, expect, test } from "vitest";
import { createManualClock, rest } from "../../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../../test/support/recording-log.ts";
import type { Lease, Session, TokenSettlement } from "../../broker/broker.ts";
import { instantOf, queueNameOf, taskIdOf } from "../../model/ids.ts";
import { defaults, limits } from "../../model/limits.ts";
import { createClaims } from "./claims.ts";
import { createOutbox } from "./outbox.ts";

const leaseOf = (id: string): Lease => ({
  token: Buffer.from(id),
  taskId: taskIdOf(id),
  queue: queueNameOf("q"),
  fence: { epoch: 1, seq: 1 },
  attempt: 1,
  maxAttempts: 4,
  delivery: 1,
  leaseMs: undefined,
  createdAt: instantOf(0),
  content: new Uint8Array(1),
});

/** A session whose store is as slow as the test wants: each claim waits until the test ends it, whatever was aborted meanwhile. */
function createSlowSession(newestFrame: () => bigint) {
  const calls: { signal: AbortSignal; end: (ids: readonly string[]) => void }[] = [];
  const settled: TokenSettlement[] = [];
  let lastSeq = 0;
  let echo = 0n;
  const session: Pick<Session, "next" | "settle" | "lastSeq" | "echo"> = {
    get lastSeq() {
      return lastSeq;
    },
    get echo() {
      return echo;
    },
    next: (_limit, signal) =>
      new Promise((resolve) => {
        const begunAt = newestFrame();
        const end = (ids: readonly string[]): void => {
          lastSeq += ids.length;
          echo = begunAt;
          resolve(ids.map(leaseOf));
        };
        calls.push({ signal, end });
      }),
    async settle(settlements) {
      settled.push(...settlements);
      return settlements.map(() => ({ kind: "accepted", state: "ready" }));
    },
  };
  const last = () => {
    const call = calls.at(-1);
    if (!call) throw new Error("nothing was claimed");
    return call;
  };
  return { session: session as Session, calls, settled, last };
}

function open() {
  const clock = createManualClock();
  const outbox = createOutbox({ clock, frameBytesMax: limits.frameBytesMax });
  let heard = { frameSeq: 1n, at: clock.now() };
  const slow = createSlowSession(() => heard.frameSeq);
  let wasSuperseded = false;
  const claims = createClaims({
    ...{ clock, outbox, limits, defaults, session: slow.session, log: createRecordingLog() },
    heard: () => heard,
    wasSuperseded: () => wasSuperseded,
  });
  return {
    ...{ clock, outbox, claims, ...slow },
    hear(frameSeq: bigint): void {
      heard = { frameSeq, at: clock.now() };
    },
    supersede(): void {
      wasSuperseded = true;
    },
  };
}

describe("a claim", () => {
  test("is the only one", async () => {
    const { claims, calls, last } = open();
    claims.begin();
    claims.begin();
    expect(calls).toHaveLength(1);
    last().end(["a"]);
    await rest();
    claims.begin();
    expect(calls).toHaveLength(2);
  });

  test("names the newest frame from before it began, and numbers what it brings", async () => {
    const { claims, outbox, hear, last } = open();
    hear(3n);
    claims.begin();
    hear(8n);
    last().end(["a", "b"]);
    await rest();
    expect(outbox.take()).toMatchObject({ kind: "grants", echo: 3n, firstSeq: 1 });
    claims.begin();
    last().end(["c"]);
    await rest();
    expect(outbox.take()).toMatchObject({ kind: "grants", echo: 8n, firstSeq: 3 });
  });

  test("is called off by a heartbeat, whose answer waits for what it brought all the same", async () => {
    const { claims, calls, outbox, last } = open();
    claims.begin();
    let isAnswered = false;
    const paused = claims.pauseFor(async () => {
      claims.begin();
      isAnswered = true;
    });
    expect(last().signal.aborted).toBe(true);
    await rest();
    expect(isAnswered).toBe(false);
    last().end(["a"]);
    await paused;
    expect(outbox.take()).toMatchObject({ kind: "grants" });
    expect(calls, "none was begun meanwhile").toHaveLength(1);
    claims.begin();
    expect(calls).toHaveLength(2);
  });

  test("that comes back empty-handed without being called off is the last: the broker drains", async () => {
    const { claims, calls, last } = open();
    claims.begin();
    last().end([]);
    await rest();
    claims.begin();
    expect(calls).toHaveLength(1);
  });

  test("that was called off is begun again", async () => {
    const { claims, calls, last } = open();
    claims.begin();
    void claims.pauseFor(async () => undefined);
    last().end([]);
    await rest();
    claims.begin();
    expect(calls).toHaveLength(2);
  });
});

describe("a worker that is not heard", () => {
  test("for two heartbeats loses its claim, and gets none until it is", async () => {
    const { clock, claims, calls, hear, last } = open();
    claims.begin();
    await clock.advance(2 * defaults.heartbeatMs - 1);
    expect(last().signal.aborted).toBe(false);
    await clock.advance(1);
    expect(last().signal.aborted).toBe(true);
    last().end([]);
    await rest();
    claims.begin();
    expect(calls).toHaveLength(1);
    hear(2n);
    claims.begin();
    expect(calls).toHaveLength(2);
  });
});

describe("the end of granting", () => {
  test("gives back what was claimed and not sent", async () => {
    const { claims, outbox, last, settled } = open();
    claims.begin();
    last().end(["a", "b"]);
    await rest();
    await claims.stop();
    expect(outbox.take()).toBeUndefined();
    expect(settled.map(({ token, outcome }) => [Buffer.from(token).toString(), outcome.kind])).toEqual([
      ["a", "released"],
      ["b", "released"],
    ]);
  });

  test("waits for the claim under way, and nothing of it is sent", async () => {
    const { claims, outbox, last, settled } = open();
    claims.begin();
    const stopped = claims.stop();
    expect(last().signal.aborted).toBe(true);
    last().end(["late"]);
    await rest();
    expect(outbox.take()).toBeUndefined();
    await stopped;
    expect(settled).toHaveLength(1);
  });

  test("leaves alone what another stream of the session has taken over", async () => {
    const { claims, last, settled, supersede } = open();
    claims.begin();
    last().end(["a"]);
    await rest();
    supersede();
    await claims.stop();
    expect(settled).toEqual([]);
  });
});

test("a claim that fails ends the stream", async () => {
  const { outbox, clock } = open();
  const broken = { lastSeq: 0, next: () => Promise.reject(new Error("a bug")) } as unknown as Session;
  const heard = { frameSeq: 1n, at: clock.now() };
  const deps = { clock, outbox, limits, defaults, session: broken, log: createRecordingLog() };
  createClaims({ ...deps, heard: () => heard, wasSuperseded: () => false }).begin();
  await rest();
  expect(outbox.failure).toMatchObject({ message: "a bug" });
});
