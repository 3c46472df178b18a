import { expect, test } from "vitest";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import { createSeededRandom } from "../../../test/support/seeded-random.ts";
import { defaultNamespace, instantOf, namespaceOf, plus } from "../model/ids.ts";
import { limits } from "../model/limits.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";
import { openTokenKeys } from "./token-keys.ts";

const start = instantOf(1_800_000_000_000);
const sessionId = Buffer.alloc(16, 3);
const dayMs = 86_400_000;

function aPlace() {
  const log = createRecordingLog();
  const store = createMemoryStore({ limits });
  return { store, log, random: createSeededRandom(1) };
}

test("the first start makes a key, and the next one finds it", async () => {
  const place = aPlace();
  const first = await openTokenKeys(place, start);
  const second = await openTokenKeys(place, plus(start, dayMs));
  expect(first.seals(defaultNamespace, sessionId)).toHaveLength(1);
  expect(second.seals(defaultNamespace, sessionId)).toEqual(first.seals(defaultNamespace, sessionId));
});

test("seals differ by namespace and by session", async () => {
  const keys = await openTokenKeys(aPlace(), start);
  const [seal] = keys.seals(defaultNamespace, sessionId);
  expect(keys.seals(namespaceOf("other"), sessionId)).not.toEqual([seal]);
  expect(keys.seals(defaultNamespace, Buffer.alloc(16, 4))).not.toEqual([seal]);
});

test("a key older than a week gets a successor, and stays good for as long again", async () => {
  const place = aPlace();
  const keys = await openTokenKeys(place, start);
  const [old] = keys.seals(defaultNamespace, sessionId);
  const { generation } = keys;
  await keys.rotateIfOld(plus(start, 7 * dayMs - 1));
  expect(keys.generation).toBe(generation);

  await keys.rotateIfOld(plus(start, 7 * dayMs));
  expect(keys.generation).toBeGreaterThan(generation);
  const [second, predecessor] = keys.seals(defaultNamespace, sessionId);
  expect(predecessor).toEqual(old);
  expect(second).not.toEqual(old);

  const reopened = await openTokenKeys(place, plus(start, 14 * dayMs));
  const seals = reopened.seals(defaultNamespace, sessionId);
  expect(seals).toHaveLength(2);
  expect(seals[1]).toEqual(second);
});

test("keys that cannot be read are replaced, and the log says so", async () => {
  const place = aPlace();
  await place.store.putMeta("lease-token-keys", Buffer.from("garbage"));
  const keys = await openTokenKeys(place, start);
  expect(keys.seals(defaultNamespace, sessionId)).toHaveLength(1);
  expect(place.log.lines).toMatchObject([{ level: "warn" }]);
});
