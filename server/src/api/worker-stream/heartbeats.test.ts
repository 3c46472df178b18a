import { expect, test } from "vitest";
import { createManualClock, rest } from "../../../../test/support/manual-clock.ts";
import type { LeaseVerdict, Session } from "../../broker/broker.ts";
import { queueNameOf } from "../../model/ids.ts";
import { limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import type { Claims } from "./claims.ts";
import { createHeartbeats } from "./heartbeats.ts";
import { createOutbox } from "./outbox.ts";

/** A session whose heartbeats take as long as the test wants. */
function open() {
  const rounds: { seenSeq: number; end: (answer: readonly LeaseVerdict[] | StemProblem) => void }[] = [];
  const session = {
    heartbeat: (seenSeq: number) =>
      new Promise((resolve, reject) => {
        const end = (answer: readonly LeaseVerdict[] | StemProblem): void =>
          answer instanceof StemProblem ? reject(answer) : resolve(answer);
        rounds.push({ seenSeq, end });
      }),
    backlogs: async () => [{ queue: queueNameOf("mail"), ready: 7 }],
  } as Partial<Session> as Session;
  const outbox = createOutbox({ clock: createManualClock(), frameBytesMax: limits.frameBytesMax });
  const claims = { pauseFor: (work) => work() } as Claims;
  return { rounds, outbox, heartbeats: createHeartbeats({ session, outbox, claims }) };
}

const beatOf = (frameSeq: bigint, seenSeq: number, wantsBacklogs = false) => ({
  frameSeq,
  seenSeq,
  wantsBacklogs,
});

const token = new Uint8Array([1]);

test("a heartbeat is answered with its number and what was lost", async () => {
  const { rounds, outbox, heartbeats } = open();
  void heartbeats.beat(beatOf(5n, 3));
  await rest();
  expect(rounds.map(({ seenSeq }) => seenSeq)).toEqual([3]);
  rounds[0]?.end([
    { token, held: true },
    { token, held: false, state: "ready", why: "superseded" },
  ]);
  await rest();
  const frame = outbox.take();
  expect(frame).toMatchObject({
    echo: 5n,
    said: { case: "extended", value: { lost: [{ leaseToken: token }] } },
  });
});

test("however many come while one is under way, they are one round more", async () => {
  const { rounds, outbox, heartbeats } = open();
  const beats = [5n, 6n, 7n, 8n].map((frameSeq) => heartbeats.beat(beatOf(frameSeq, Number(frameSeq))));
  await rest();
  rounds[0]?.end([]);
  await rest();
  expect(outbox.take()?.echo).toBe(5n);
  rounds[1]?.end([]);
  await Promise.all(beats);
  expect(outbox.take()?.echo).toBe(8n);
  expect(rounds.map(({ seenSeq }) => seenSeq)).toEqual([5, 8]);
});

test("a store that does not answer is said, and the next heartbeat tries again", async () => {
  const { rounds, outbox, heartbeats } = open();
  const first = heartbeats.beat(beatOf(5n, 0));
  await rest();
  rounds[0]?.end(new StemProblem({ reason: "STORE_UNAVAILABLE" }));
  await first;
  expect(outbox.take()).toMatchObject({ said: { case: "refused", value: { frameSeq: 5n } } });
  void heartbeats.beat(beatOf(6n, 0));
  await rest();
  rounds[1]?.end([]);
  await rest();
  expect(outbox.take()?.echo).toBe(6n);
});

test("what is ready is told where it was asked for, also by a heartbeat that a newer one stands for", async () => {
  const { rounds, outbox, heartbeats } = open();
  const beats = [
    heartbeats.beat(beatOf(5n, 0)),
    heartbeats.beat(beatOf(6n, 0, true)),
    heartbeats.beat(beatOf(7n, 0)),
  ];
  await rest();
  rounds[0]?.end([]);
  await rest();
  expect(outbox.take()).toMatchObject({ echo: 5n, said: { value: { backlogs: [] } } });
  rounds[1]?.end([]);
  await Promise.all(beats);
  expect(outbox.take()).toMatchObject({
    echo: 7n,
    said: { value: { backlogs: [{ queue: "mail", ready: 7n }] } },
  });
});
