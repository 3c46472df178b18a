import { expect } from "vitest";
import type { GateLimit, LimitKind, Rate } from "../../server/src/model/gate.ts";
import { defaultNamespace, namespaceOf, queueNameOf, taskNameOf } from "../../server/src/model/ids.ts";
import type { GateNews } from "../../server/src/ports/gate-store.ts";
import { defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { lease, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const [red, blue] = [queueNameOf("red"), queueNameOf("blue")];
const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);
const keyed = (id: string, limitKey = "tenant", more = {}) =>
  newTask(id, { ties: tiesOf({ limitKey }), ...more });
const done = { kind: "succeeded", result: undefined } as const;

type Bound = { readonly concurrency?: number; readonly rate?: Rate };

/** Puts a limit, in as many pieces as that takes. */
export async function putLimit(subject: Subject, kind: LimitKind, name: string, bound: Bound): Promise<void> {
  const { concurrency, rate } = bound;
  const place = { namespace: defaultNamespace, kind, subject: name };
  const limit: GateLimit = { ...place, concurrency, rate, updatedAt: subject.now };
  while ((await subject.store.putLimit(limit)) === "more");
}

/** Takes a limit away, in as many pieces as that takes. */
export async function deleteLimit(subject: Subject, kind: LimitKind, name: string): Promise<void> {
  const ref = { namespace: defaultNamespace, kind, subject: name };
  while ((await subject.store.deleteLimit(ref, subject.now)) === "more");
}

/** One grant every 100 ms. */
const tenASecond: Rate = { count: 10, periodMs: 1000, burst: 1 };

/** What limits allow, and what they do to those behind. */
export function limitCases(suite: Suite): void {
  concurrencyCases(suite);
  lineCases(suite);
  rateCases(suite);
  recordCases(suite);
}

const kinds = [
  { kind: "queue", subject: String(defaultQueue), task: (id: string) => newTask(id) },
  { kind: "name", subject: "mail.send", task: (id: string) => newTask(id) },
  { kind: "key", subject: "tenant", task: (id: string) => keyed(id) },
] as const;

function concurrencyCases({ case: test }: Suite): void {
  for (const { kind, subject: about, task } of kinds) {
    test(`no more tasks of a ${kind} are leased at once than its limit says, and each end lets one in`, async (subject) => {
      await putLimit(subject, kind, about, { concurrency: 2 });
      await subject.accept(...["a", "b", "c", "d"].map(task));
      const [first, second] = await subject.claim();
      expect([first?.id, second?.id]).toEqual(["a", "b"]);
      expect(await subject.claim()).toEqual([]);
      if (first) await subject.settle(first, done);
      expect(idsOf(await subject.claim())).toEqual(["c"]);
      if (second)
        await subject.settle(second, { kind: "failed", failure: new Uint8Array(1), nonRetryable: true });
      expect(idsOf(await subject.claim())).toEqual(["d"]);
    });

    test(`a limit of a ${kind} holds for tasks and leases that were there before it, and not after it`, async (subject) => {
      await subject.accept(...["a", "b", "c", "d"].map(task));
      await subject.claim({ limit: 2 });
      await putLimit(subject, kind, about, { concurrency: 1 });
      expect(await subject.claim()).toEqual([]);
      await deleteLimit(subject, kind, about);
      expect(idsOf(await subject.claim())).toEqual(["c", "d"]);
    });

    test(`a limit of a ${kind} that is raised lets more in, one that is lowered lets run who runs`, async (subject) => {
      await putLimit(subject, kind, about, { concurrency: 1 });
      await subject.accept(...["a", "b", "c", "d"].map(task));
      const running = [...(await subject.claim())];
      await putLimit(subject, kind, about, { concurrency: 3 });
      running.push(...(await subject.claim()));
      expect(idsOf(running)).toEqual(["a", "b", "c"]);
      await putLimit(subject, kind, about, { concurrency: 1 });
      for (const claimed of running.slice(1)) await subject.settle(claimed, done);
      expect(await subject.claim()).toEqual([]);
    });

    test(`a limit of zero stops a ${kind} until it is put again`, async (subject) => {
      await putLimit(subject, kind, about, { concurrency: 0 });
      await subject.accept(...["a", "b"].map(task));
      expect(await subject.claim()).toEqual([]);
      await putLimit(subject, kind, about, { concurrency: 5 });
      expect(idsOf(await subject.claim())).toEqual(["a", "b"]);
    });

    test(`a lease that runs out gives its permit of a ${kind} back`, async (subject) => {
      await putLimit(subject, kind, about, { concurrency: 1 });
      await subject.accept(task("a"));
      await subject.claimOne();
      subject.advance(lease.leaseMs + lease.graceMs + 1);
      await subject.reap();
      expect(idsOf(await subject.claim())).toEqual(["a"]);
    });
  }

  test("a limit of a name or a key holds over all queues, that of a key over all names", async (subject) => {
    await putLimit(subject, "key", "tenant", { concurrency: 1 });
    await putLimit(subject, "name", "sms.send", { concurrency: 1 });
    const sms = taskNameOf("sms.send");
    await subject.accept(
      keyed("a", "tenant", { queue: red }),
      keyed("b", "tenant", { queue: blue, name: taskNameOf("other") }),
      newTask("c", { queue: red, name: sms }),
      newTask("d", { queue: blue, name: sms }),
      keyed("e", "other", { queue: blue }),
    );
    expect(idsOf(await subject.claim({ queues: [red, blue] }))).toEqual(["a", "c", "e"]);
  });

  test("a task obeys the limits of its queue, its name and its key together", async (subject) => {
    await putLimit(subject, "queue", defaultQueue, { concurrency: 3 });
    await putLimit(subject, "name", "mail.send", { concurrency: 2 });
    await putLimit(subject, "key", "tenant", { concurrency: 1 });
    await subject.accept(
      keyed("a"),
      keyed("b"),
      newTask("c"),
      newTask("d"),
      newTask("e", { name: taskNameOf("x") }),
      newTask("f", { name: taskNameOf("x") }),
    );
    expect(idsOf(await subject.claim())).toEqual(["a", "c", "e"]);
  });

  test("limits of one namespace are none of another's business", async (subject) => {
    const namespace = namespaceOf("other");
    for (const { kind, subject: about } of kinds) await putLimit(subject, kind, about, { concurrency: 0 });
    await subject.accept(keyed("a", "tenant", { namespace }));
    expect(idsOf(await subject.claim({ namespace }))).toEqual(["a"]);
  });

  test("a released task is first again, and holds no permit", async (subject) => {
    await putLimit(subject, "key", "tenant", { concurrency: 1 });
    await subject.accept(keyed("a"), keyed("b"));
    const claimed = await subject.claimOne();
    await subject.settle(claimed, { kind: "released" });
    expect(idsOf(await subject.claim())).toEqual(["a"]);
  });

  test("a lease that comes back after its end counts again", async (subject) => {
    await putLimit(subject, "key", "tenant", { concurrency: 1 });
    await subject.accept(keyed("a"), keyed("b"));
    const claimed = await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    expect(await subject.extend(claimed)).toMatchObject({ held: true });
    expect(await subject.claim()).toEqual([]);
    await subject.settle(claimed, done);
    expect(idsOf(await subject.claim())).toEqual(["b"]);
  });
}

function lineCases({ case: test }: Suite): void {
  test("who waits at a gate comes in order of priority, then of acceptance, also one who came when another had passed", async (subject) => {
    await putLimit(subject, "key", "tenant", { concurrency: 1 });
    await subject.accept(keyed("low", "tenant", { priority: 1 }), keyed("middle"), keyed("later"));
    await subject.accept(keyed("high", "tenant", { priority: 9 }));
    const order: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      const claimed = await subject.claimOne();
      order.push(claimed.id);
      await subject.settle(claimed, done);
    }
    expect(order).toEqual(["high", "middle", "later", "low"]);
  });

  test("a waiting task tells at which gate, and does not once it may go", async (subject) => {
    await putLimit(subject, "key", "tenant", { concurrency: 1 });
    await putLimit(subject, "name", "mail.send", { concurrency: 1 });
    await subject.accept(keyed("a"), keyed("b"), newTask("c"));
    expect((await subject.task("a")).gate).toBeUndefined();
    expect((await subject.task("b")).gate).toEqual({ kind: "key", subject: "tenant" });
    expect((await subject.list({ states: ["ready"] })).tasks.map(({ gate }) => gate?.kind)).toEqual([
      "name",
      "key",
      undefined,
    ]);
    const claimed = await subject.claimOne();
    expect((await subject.task("a")).gate).toBeUndefined();
    await subject.settle(claimed, done);
    expect((await subject.task("b")).gate).toBeUndefined();
    expect((await subject.task("c")).gate).toEqual({ kind: "name", subject: "mail.send" });
  });

  test("a waiting task can be cancelled and purged, and is counted as ready", async (subject) => {
    await putLimit(subject, "key", "tenant", { concurrency: 0 });
    await subject.accept(keyed("a"), keyed("b"), newTask("c"));
    const ref = { namespace: defaultNamespace, queue: defaultQueue };
    expect(await subject.store.getQueue(ref)).toMatchObject({
      depth: { ready: 3 },
      oldestReadyAt: subject.now,
    });
    await subject.cancel("a");
    const { upTo, waiting } = await subject.store.purgeMark(ref);
    expect(waiting).toBe(2);
    expect(await subject.store.purge(ref, upTo, subject.now, 10)).toBe(2);
    expect((await subject.task("b")).gate).toBeUndefined();
    expect(
      await subject.store.getLimit({ namespace: defaultNamespace, kind: "key", subject: "tenant" }),
    ).toMatchObject({ leased: 0, waiting: 0 });
  });

  test("thousands of tasks at a closed gate stand in nobody's way", async (subject) => {
    await putLimit(subject, "key", "tenant", { concurrency: 0 });
    for (let i = 0; i < 20; i += 1)
      await subject.accept(...Array.from({ length: 1000 }, (_, j) => keyed(`b${i}-${j}`)));
    await subject.accept(newTask("free"), keyed("other", "other"));
    expect(idsOf(await subject.claim({ limit: 2 }))).toEqual(["free", "other"]);
    await putLimit(subject, "key", "tenant", { concurrency: 3 });
    expect(idsOf(await subject.claim())).toEqual(["b0-0", "b0-1", "b0-2"]);
  });
}

function rateCases({ case: test }: Suite): void {
  for (const { kind, subject: about, task } of kinds) {
    test(`tasks of a ${kind} are granted at its rate, and never faster`, async (subject) => {
      await putLimit(subject, kind, about, { rate: tenASecond });
      await subject.accept(...Array.from({ length: 30 }, (_, i) => task(`t${i}`)));
      const grants: number[] = [];
      const start = subject.now;
      for (let ms = 0; ms < 1000; ms += 20) {
        await subject.store.openGates(subject.now);
        for (const _ of await subject.claim()) grants.push(subject.now - start);
        subject.advance(20);
      }
      expect(grants).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    });

    test(`a ${kind} with a rate tells when it opens again`, async (subject) => {
      let news: GateNews | undefined;
      subject.store.onGateNews((told) => {
        if (told.wakeAt !== undefined) news = told;
      });
      await putLimit(subject, kind, about, { rate: tenASecond });
      await subject.accept(task("a"), task("b"), task("c"));
      await subject.claim();
      expect(news?.wakeAt).toBe(subject.now + 100);
      expect(await subject.store.openGates(subject.now)).toBe(subject.now + 100);
      subject.advance(100);
      await subject.store.openGates(subject.now);
      expect(idsOf(await subject.claim())).toEqual(["b"]);
    });

    test(`a rate of zero stops a ${kind}`, async (subject) => {
      await putLimit(subject, kind, about, { rate: { ...tenASecond, count: 0 } });
      await subject.accept(task("a"));
      subject.advance(3_600_000);
      expect(await subject.store.openGates(subject.now)).toBeUndefined();
      expect(await subject.claim()).toEqual([]);
      await putLimit(subject, kind, about, { rate: tenASecond });
      expect(idsOf(await subject.claim())).toEqual(["a"]);
    });
  }

  test("a burst may go at once after a pause, and then the rate holds", async (subject) => {
    await putLimit(subject, "key", "tenant", { rate: { ...tenASecond, burst: 3 } });
    await subject.accept(...Array.from({ length: 9 }, (_, i) => keyed(`t${i}`)));
    expect(await subject.claim()).toHaveLength(3);
    subject.advance(100);
    await subject.store.openGates(subject.now);
    expect(await subject.claim()).toHaveLength(1);
    subject.advance(60_000);
    await subject.store.openGates(subject.now);
    expect(await subject.claim()).toHaveLength(3);
  });

  test("a rate counts retries and lost leases, too", async (subject) => {
    await putLimit(subject, "key", "tenant", { rate: tenASecond });
    await subject.accept(keyed("a"));
    const claimed = await subject.claimOne();
    await subject.settle(claimed, { kind: "retry", delayMs: 0, failure: undefined });
    expect(await subject.claim()).toEqual([]);
    subject.advance(100);
    await subject.store.openGates(subject.now);
    expect(idsOf(await subject.claim())).toEqual(["a"]);
  });

  test("what a slow rate has given out does not hold a faster one back for longer than its own", async (subject) => {
    await putLimit(subject, "key", "tenant", { rate: { count: 1, periodMs: 3_600_000, burst: 1 } });
    await subject.accept(keyed("a"), keyed("b"));
    await subject.claimOne();
    await putLimit(subject, "key", "tenant", { rate: tenASecond });
    expect(await subject.claim()).toEqual([]);
    subject.advance(100);
    await subject.store.openGates(subject.now);
    expect(idsOf(await subject.claim())).toEqual(["b"]);
  });
}

function recordCases({ case: test }: Suite): void {
  const ref = (kind: LimitKind, subject: string) => ({ namespace: defaultNamespace, kind, subject });

  test("a limit is read as it was put, with what it does now", async (subject) => {
    expect(await subject.store.getLimit(ref("key", "tenant"))).toBeUndefined();
    await putLimit(subject, "key", "tenant", { concurrency: 1, rate: tenASecond });
    await subject.accept(keyed("a"), keyed("b"), keyed("c"));
    await subject.claim();
    expect(await subject.store.getLimit(ref("key", "tenant"))).toEqual({
      ...ref("key", "tenant"),
      concurrency: 1,
      rate: tenASecond,
      updatedAt: subject.now,
      leased: 1,
      waiting: 2,
    });
  });

  test("limits are listed by kind and subject, page by page", async (subject) => {
    for (const [kind, name] of [
      ["key", "a"],
      ["name", "b"],
      ["queue", "c"],
      ["key", "B"],
      ["queue", "a"],
    ] as const)
      await putLimit(subject, kind, name, { concurrency: 1 });
    const first = await subject.store.listLimits(defaultNamespace, undefined, 2);
    const rest = await subject.store.listLimits(defaultNamespace, first[1], 10);
    expect([...first, ...rest].map(({ kind, subject: name }) => `${kind} ${name}`)).toEqual([
      "queue a",
      "queue c",
      "name b",
      "key B",
      "key a",
    ]);
    expect(await subject.store.listLimits(namespaceOf("other"), undefined, 10)).toEqual([]);
  });

  test(
    "there are no more limits than may be, and one that is there can be put again",
    async (subject) => {
      const limit = { ...ref("key", "a"), concurrency: 1, rate: undefined, updatedAt: subject.now };
      expect(await subject.store.putLimit(limit)).toBe("done");
      expect(await subject.store.putLimit({ ...limit, subject: "b" })).toBe("too_many");
      expect(await subject.store.putLimit({ ...limit, concurrency: 2 })).toBe("done");
    },
    { limits: { gateLimitsPerNamespaceMax: 1 } },
  );

  test("a limit that is not there cannot be taken away", async (subject) => {
    expect(await subject.store.deleteLimit(ref("name", "x"), subject.now)).toBe("unknown");
  });
}
