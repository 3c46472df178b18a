import { expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import { defaultNamespace as namespace } from "../model/ids.ts";
import { defaults, limits } from "../model/limits.ts";
import type { Store } from "../ports/store.ts";
import { openRouting } from "../routing/routing.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";
import { createLimits } from "./limits.ts";
import { createRoutedLimits } from "./routed-limits.ts";

const mail = { namespace, kind: "queue", subject: "mail" } as const;
const text = "queues: { mail: { limits: { concurrency: 3 } }, spare: }";
const fixed = { problem: { reason: "LIMIT_FIXED", namespace, queue: "mail" } };

/** What operators have; `meanwhile` is done when their change is under way, and has not come to the store. */
async function open(meanwhile: () => Promise<unknown> = async () => undefined) {
  const store = createMemoryStore({ limits });
  const base = { clock: createManualClock(), log: createRecordingLog(), limits, defaults };
  const limitVerbs = createLimits({ ...base, store });
  const routing = await openRouting({
    ...{ ...base, store, limitVerbs, namespaces: [namespace], isAlive: () => true },
  });
  const slow: Store = {
    ...store,
    putLimit: (limit) => meanwhile().then(() => store.putLimit(limit)),
    deleteLimit: (ref, now) => meanwhile().then(() => store.deleteLimit(ref, now)),
  };
  return { store, routing, operators: createRoutedLimits({ ...base, store: slow, routing }) };
}

test("limits of a queue are the routing's where it says them; those of a name or a key never are", async () => {
  const { routing, operators } = await open();
  await routing.replace(namespace, text, 0);
  const put = (limit: object) => operators.putLimit({ ...mail, ...limit, concurrency: 1, rate: undefined });
  await expect(put({})).rejects.toMatchObject(fixed);
  await expect(operators.deleteLimit(mail)).rejects.toMatchObject(fixed);
  const others = [{ subject: "spare" }, { subject: "other" }, { kind: "name" }, { kind: "key" }] as const;
  for (const other of others) {
    expect(await put(other)).toMatchObject({ ...other, concurrency: 1 });
    await operators.deleteLimit({ ...mail, ...other });
  }
  expect(await operators.getLimit(mail)).toMatchObject({ concurrency: 3 });
});

test("a change that rules overtake is refused, and theirs hold", async () => {
  let overtake: () => Promise<unknown> = async () => undefined;
  const { store, routing, operators } = await open(() => overtake());
  overtake = () => routing.replace(namespace, text, 0);
  await expect(operators.putLimit({ ...mail, concurrency: 1, rate: undefined })).rejects.toMatchObject(fixed);
  expect(await store.getLimit(mail)).toMatchObject({ concurrency: 3 });

  await routing.replace(namespace, "", 1);
  overtake = async () => undefined;
  await operators.putLimit({ ...mail, concurrency: 1, rate: undefined });
  overtake = () => routing.replace(namespace, text, 2);
  await expect(operators.deleteLimit(mail)).rejects.toMatchObject(fixed);
  expect(await store.getLimit(mail)).toMatchObject({ concurrency: 3 });
});
