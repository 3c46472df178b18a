import { expect } from "vitest";
import type { Lease, SaidOutcome } from "../../server/src/broker/broker.ts";
import { type Bytes, defaultNamespace, queueNameOf } from "../../server/src/model/ids.ts";
import { composedToken } from "../support/composed-token.ts";
import { newTask } from "../support/new-task.ts";
import { openRooms, type Rooms } from "../support/rooms.ts";
import type { ScriptedWorker } from "../support/scripted-worker.ts";
import { lease, only, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const succeeded: SaidOutcome = { kind: "succeeded", result: undefined };
const accepted = { kind: "accepted", state: "succeeded" };
/** All that a token which is not ours ever gets to know. */
const unheard = { state: undefined, why: "token_invalid" };
const progress = { percent: 50, message: "mine", data: undefined };

/** Tokens, of which a store knows nothing but the fence: nobody makes them of another's lease, whatever became of that. */
export function tokenCases({ case: test, declared }: Suite): void {
  test("a token made of another session's lease opens nothing, while that is held and when its time is over", async (subject) => {
    await subject.accept(newTask("theirs"), newTask("mine"));
    const rooms = await roomsOf(subject, 1);
    const victim = await rooms.worker({ name: "victim" });
    const attacker = await rooms.worker({ name: "attacker" });
    const theirs = await victim.takeOne();
    const mine = await attacker.takeOne();
    const composed = composedToken(mine.token, theirs.token);

    await expectRefused(rooms, composed, attacker);
    expect(await subject.task("theirs")).toMatchObject({ state: "leased", worker: "victim" });
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    expect(await subject.reap()).toBe(2);
    await expectRefused(rooms, composed, attacker);
    expect(await subject.task("theirs")).toMatchObject({ state: "ready" });
    expect(await victim.succeed(theirs), "late, and its own").toEqual(accepted);
    expect(await attacker.succeed(mine)).toEqual(accepted);
    await expectRefused(rooms, composed, attacker);
    await rooms.close();
  });

  test("a token made of another session's lease opens nothing after a restart, where both sessions are taken up again", async (subject) => {
    await subject.accept(newTask("theirs"), newTask("mine"));
    const before = await roomsOf(subject, 1);
    const victimWas = await before.worker({ name: "victim" });
    const attackerWas = await before.worker({ name: "attacker" });
    const theirs = await victimWas.takeOne();
    const mine = await attackerWas.takeOne();
    const composed = composedToken(mine.token, theirs.token);
    await before.close();
    if (declared.model.canReopen) await subject.reopen();

    const after = await roomsOf(subject, 2);
    const sessionId = attackerWas.session.id;
    const unproven = await after.worker({ resume: { sessionId, held: [composed], seenSeq: 1 } });
    expect(unproven.session.id, "it proves nothing").not.toEqual(sessionId);
    const attacker = await after.worker({ resume: { sessionId, held: [mine.token, composed], seenSeq: 1 } });
    expect(attacker.session.id).toEqual(sessionId);
    expect(attacker.session.resumed).toEqual([
      { token: mine.token, held: true },
      { token: composed, held: false, ...unheard },
    ]);
    await expectRefused(after, composed, attacker);

    const resume = { sessionId: victimWas.session.id, held: [theirs.token], seenSeq: 1 };
    const victim = await after.worker({ resume });
    expect(victim.session.resumed).toEqual([{ token: theirs.token, held: true }]);
    expect(await victim.succeed(theirs)).toEqual(accepted);
    expect(await attacker.succeed(mine)).toEqual(accepted);
    await after.close();
  });

  test("a token made of what another call leased opens nothing", async (subject) => {
    await subject.accept(newTask("theirs"), newTask("mine"));
    const rooms = await roomsOf(subject, 1);
    const theirs = await leaseOne(rooms);
    const mine = await leaseOne(rooms);
    await expectRefused(rooms, composedToken(mine.token, theirs.token));
    expect(await rooms.broker.extend(defaultNamespace, [theirs.token], undefined)).toMatchObject([
      { held: true },
    ]);
    const settlements = [theirs, mine].map(({ token }) => ({ token, outcome: succeeded }));
    expect(await rooms.broker.settle(defaultNamespace, settlements)).toEqual([accepted, accepted]);
    await rooms.close();
  });
}

/** A broker on the store under test. Its own upkeep never comes to its turn, because its clock stands still. */
const roomsOf = ({ store }: Subject, seed: number): Promise<Rooms> => openRooms({ store, seed });

async function leaseOne({ broker, defaults }: Rooms): Promise<Lease> {
  const want = { namespace: defaultNamespace, queues: [queueNameOf(defaults.queue)], worker: "shell" };
  const { leases } = await broker.lease({ ...want, limit: 1, waitMs: 0 }, new AbortController().signal);
  return only(leases);
}

/** It is refused wherever tokens are taken, on a stream and without, and nothing is said of the task. */
async function expectRefused({ broker }: Rooms, token: Bytes, worker?: ScriptedWorker): Promise<void> {
  const settlements = [{ token, outcome: succeeded }];
  const lost = [{ kind: "lost", ...unheard }];
  expect(await broker.settle(defaultNamespace, settlements)).toEqual(lost);
  expect(await broker.extend(defaultNamespace, [token], 3_600_000)).toEqual([
    { token, held: false, ...unheard },
  ]);
  if (worker === undefined) return;
  expect(await worker.session.settle(settlements)).toEqual(lost);
  expect(worker.session.progress(token, progress)).toBe("forged");
}
