import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { StemProblem } from "./problem.ts";
import { problemFrom } from "./problem-from.ts";
import { createRetries, type RetryPolicy, retried } from "./retry.ts";

const away = () => new ConnectError("away", Code.Unavailable);

function setUp(policy: RetryPolicy | false, chance = 0.999999) {
  const clock = createManualClock();
  const closing = new AbortController();
  const retries = createRetries(policy, { clock, random: () => chance, closing: closing.signal });
  return { clock, closing, retries };
}

test("a call is repeated after growing waits, until it succeeds", async () => {
  const { clock, retries } = setUp({ baseDelayMs: 100, factor: 2, maxDelayMs: 300 });
  const call = vi
    .fn()
    .mockRejectedValueOnce(away())
    .mockRejectedValueOnce(away())
    .mockRejectedValueOnce(away());
  call.mockResolvedValueOnce("done");
  const answer = retried(retries, call);
  const callsAfter = async (ms: number) => {
    await clock.advance(ms);
    return call.mock.calls.length;
  };
  expect(await callsAfter(99)).toBe(1);
  expect(await callsAfter(1)).toBe(2);
  expect(await callsAfter(199)).toBe(2);
  expect(await callsAfter(1)).toBe(3);
  expect(await callsAfter(300)).toBe(4);
  await expect(answer).resolves.toBe("done");
});

test("the wait is anything between zero and the computed delay", async () => {
  const { clock, retries } = setUp({ baseDelayMs: 1000 }, 0);
  const call = vi.fn().mockRejectedValueOnce(away()).mockResolvedValueOnce("done");
  const answer = retried(retries, call);
  await clock.advance(0);
  await expect(answer).resolves.toBe("done");
});

test("the last problem is told when the horizon is reached", async () => {
  const { clock, retries } = setUp({ baseDelayMs: 100, factor: 1, horizonMs: 350 });
  const call = vi.fn().mockRejectedValue(away());
  const answer = expect(retried(retries, call)).rejects.toMatchObject({ reason: "RPC_UNAVAILABLE" });
  await clock.advance(1000);
  await answer;
  expect(call).toHaveBeenCalledTimes(4);
});

test("a refusal is not repeated, and neither is anything without a policy", async () => {
  const refused = vi.fn().mockRejectedValue(new ConnectError("no", Code.InvalidArgument));
  await expect(retried(setUp({}).retries, refused)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(refused).toHaveBeenCalledOnce();
  const call = vi.fn().mockRejectedValue(away());
  await expect(retried(setUp(false).retries, call)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(call).toHaveBeenCalledOnce();
});

test("closing ends the waits", async () => {
  const { clock, closing, retries } = setUp({ baseDelayMs: 10_000, maxDelayMs: 10_000 });
  const again = retries().again(problemFrom(away()));
  await clock.advance(1);
  closing.abort();
  await expect(again).resolves.toBe(false);
  expect(clock.timerCount).toBe(0);
});

test.each([
  [{ baseDelayMs: 0 }, "baseDelayMs must be more than 0; it is 0"],
  [{ factor: 0.5 }, "factor must be 1 or more"],
  [{ baseDelayMs: 10, maxDelayMs: 5 }, "maxDelayMs must be at least baseDelayMs"],
  [{ horizonMs: 3_600_001 }, "horizonMs must be between 0 and 1 h"],
  [{ horizonMs: Number.NaN }, "horizonMs must be between 0 and 1 h"],
])("the policy %j is refused", (policy, fault) => {
  expect(() => setUp(policy)).toThrow(fault);
});

test("who drains speaks for itself only: with another server there, its time to come back does not count", async () => {
  const draining = new StemProblem({
    ...{ reason: "DRAINING", code: "UNAVAILABLE", message: "", metadata: {}, violations: [] },
    ...{ retryAfterMs: 1000, outcome: "not_accepted" },
  });
  const clock = createManualClock();
  let others = 0;
  const { signal } = new AbortController();
  const retries = createRetries({}, { clock, random: () => 0, closing: signal, hasOther: () => others > 0 });
  const call = vi.fn().mockRejectedValueOnce(draining).mockRejectedValueOnce(draining);
  call.mockResolvedValueOnce("done");
  const answer = retried(retries, call);
  await clock.advance(999);
  expect(call).toHaveBeenCalledTimes(1);
  others = 1;
  await clock.advance(1);
  await clock.advance(0);
  expect(await answer).toBe("done");
});
