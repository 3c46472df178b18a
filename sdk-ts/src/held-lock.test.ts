import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { RenewedLock } from "./held-lock.ts";
import { LockLostError } from "./lock-errors.ts";
import { StemProblem } from "./problem.ts";

const hold = { key: "door", owner: "ann", fence: 7n };
const away = new ConnectError("away", Code.Unavailable);
const lost = new StemProblem({
  reason: "LOCK_LOST",
  code: "FAILED_PRECONDITION",
  message: "LOCK_LOST: bob holds it",
  ...{ metadata: {}, violations: [], retryAfterMs: undefined, outcome: "not_accepted" },
});

/** A lock of 3 s, begun now; `answer` is what renewals get. */
function setUp(answer: () => Promise<void> = async () => undefined) {
  const clock = createManualClock();
  const startedAt = clock.now();
  const calls: string[] = [];
  const lock = new RenewedLock(
    {
      clock,
      calls: {
        renew: async (_, ttlMs) => {
          calls.push(`renew ${ttlMs} at ${clock.now() - startedAt}`);
          await answer();
        },
        release: async ({ fence }) => {
          calls.push(`release ${fence}`);
          await answer();
        },
      },
      onEnd: () => calls.push("ended"),
    },
    { hold, ttlMs: 3000, confirmedAt: startedAt },
  );
  return { clock, lock, calls };
}

test("a lock renews itself three times in its life, until it is released", async () => {
  const { clock, lock, calls } = setUp();
  await clock.advance(3500);
  expect(calls).toEqual(["renew 3000 at 1000", "renew 3000 at 2000", "renew 3000 at 3000"]);
  expect(lock.signal.aborted).toBe(false);
  await Promise.all([lock.release(), lock.release()]);
  await clock.advance(10_000);
  expect(calls.slice(3)).toEqual(["ended", "release 7"]);
  expect(lock.signal.aborted, "letting go is no loss").toBe(false);
  expect(clock.timerCount).toBe(0);
});

test("a lock is lost when the server says so", async () => {
  const { clock, lock, calls } = setUp(() => Promise.reject(lost));
  await clock.advance(999);
  expect(lock.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(lock.signal.reason).toBeInstanceOf(LockLostError);
  expect(lock.signal.reason).toMatchObject({ key: "door", cause: { reason: "LOCK_LOST" } });
  await lock.release();
  await clock.advance(10_000);
  expect(calls, "what is lost is not released").toEqual(["renew 3000 at 1000", "ended"]);
});

test("a lock whose renewals do not get through is tried again, and is lost when it must have ended", async () => {
  const { clock, lock, calls } = setUp(() => Promise.reject(away));
  await clock.advance(2999);
  expect(calls.length).toBeGreaterThan(5);
  expect(lock.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(lock.signal.reason).toMatchObject({ name: "LockLostError", key: "door" });
});

test("a lock counts from when the renewal was sent, not from when it was answered", async () => {
  let isAway = false;
  const { clock, lock } = setUp(async () => {
    if (isAway) throw away;
    await new Promise<void>((resolve) => clock.after(900, resolve));
  });
  await clock.advance(1900);
  isAway = true;
  await clock.advance(2099);
  expect(lock.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(lock.signal.aborted, "sent at 1,000, and 3,000 later").toBe(true);
});

test("letting go of a lock is no error where the server is away", async () => {
  const { lock } = setUp(() => Promise.reject(away));
  await expect(lock.release()).resolves.toBeUndefined();
});
