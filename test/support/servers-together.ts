import { connect, defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect } from "vitest";
import type { Instant } from "../../server/src/model/ids.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { bytesOf } from "./new-task.ts";
import { until } from "./until.ts";
import { startStem } from "./whole-stem.ts";

const add = defineTask<[number, number], number>({ name: "sums.add" });
const wait = defineTask<[], string>({ name: "sleep.long" });

/** One store, and servers on it. */
type Shared = { readonly url: string; readonly now: Instant; open(): Promise<Store> };
type Register = (sentence: string, run: (shared: Shared) => Promise<void>) => void;

const serverOn = ({ url }: Shared) => startStem({ store: { url, durability: "relaxed" } });

/** What servers of one store, whichever it is, tell each other. */
export function serversTogetherCases(test: Register): void {
  test("who waits at one server hears at once of what a worker of another has done", async (shared) => {
    const [here, there] = [await serverOn(shared), await serverOn(shared)];
    await there.work({ tasks: [implement(add, async (_, a, b) => a + b)] });
    const startedAt = performance.now();
    for (let i = 0; i < 20; i += 1) {
      const sum = await here.stem.enqueue(add, [i, 1]);
      expect(await sum.result()).toBe(i + 1);
    }
    // Without hints a dispatch looks every two seconds, and an await every second.
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });

  test("a task that is cancelled at one server stops at once at the worker of another", async (shared) => {
    const [here, there] = [await serverOn(shared), await serverOn(shared)];
    const stopped = Promise.withResolvers<number>();
    const begun = Promise.withResolvers<void>();
    await there.work({
      tasks: [
        implement(wait, async ({ signal }) => {
          begun.resolve();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          stopped.resolve(performance.now());
          throw signal.reason;
        }),
      ],
    });
    const handle = await here.stem.enqueue(wait, []);
    await begun.promise;
    const askedAt = performance.now();
    expect(await handle.cancel("not needed")).toMatchObject({ outcome: "requested" });
    // A heartbeat comes every five seconds.
    expect((await stopped.promise) - askedAt).toBeLessThan(3000);
    await expect(handle.result()).rejects.toThrow(/cancelled/);
  });

  test("what is said of namespaces and routes at one server holds at the other", async (shared) => {
    const [here, there] = [await serverOn(shared), await serverOn(shared)];
    await here.stem.namespaces.create("acme");
    const acme = connect({ url: there.url, namespace: "acme" });
    const handle = await until(() => acme.enqueue(wait, []).catch(() => false as const), {
      deadlineMs: 50_000,
      what: "the namespace at the other server",
    });
    expect(handle.id).not.toBe("");
    await here.stem.namespaces.disable("acme", "unpaid");
    await expect(acme.enqueue(wait, [])).rejects.toThrow(/NAMESPACE_DISABLED|disabled/);
    await acme.close();
  });

  test("a server hears of the other one what is to stop, what was made known, and what it should read again", async (shared) => {
    const [first, second] = [await shared.open(), await shared.open()];
    const heard = new Set<string>();
    second.onOthersNews?.(({ changed, emitted, isReread }) => {
      for (const { id } of changed) heard.add(`changed ${id}`);
      for (const { queue } of emitted) heard.add(`emitted ${queue}`);
      if (isReread) heard.add("reread");
    });
    let round = 0;
    await until(
      async () => {
        round += 1;
        const event = { id: `event-${round}`, name: "deployed", body: bytesOf("1"), now: shared.now };
        await first.emitQueueEvent({ ref: { namespace: "default", queue: "news" } as never, ...event });
        return heard.has("emitted news");
      },
      { deadlineMs: 50_000, what: "a hint of an event" },
    );
    await second.openGates(shared.now);
    heard.delete("reread");
    await second.openGates(shared.now);
    expect([...heard]).not.toContain("reread");
    await first.putMeta("routing", bytesOf("1"));
    await second.openGates(shared.now);
    expect([...heard]).toContain("reread");
  });

  test("two servers that start on an empty store at once go by the same keys", async (shared) => {
    const [first, second] = [await shared.open(), await shared.open()];
    const got = await Promise.all([
      first.swapMeta("key", undefined, bytesOf("one")),
      second.swapMeta("key", undefined, bytesOf("two")),
    ]);
    expect(got[0]).toEqual(got[1]);
    expect(await first.getMeta("key")).toEqual(got[0]);
  });
}
