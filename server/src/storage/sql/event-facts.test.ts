import { expect, test } from "vitest";
import { instantOf, taskIdOf } from "../../model/ids.ts";
import { type EventFact, FactPack, unpackFacts } from "./event-facts.ts";

const fact = (id: string, at: number, details: Partial<EventFact> = {}): EventFact => ({
  kind: "leased",
  reason: undefined,
  id: taskIdOf(id),
  revision: 1,
  attempt: 1,
  at: instantOf(at),
  ...details,
});

test("facts come back as they were, in their order, whichever way the time went", () => {
  const facts = [
    fact("a", 1_764_000_000_000),
    fact("b", 1_764_000_000_127, { kind: "retried", reason: "backoff", attempt: 900, revision: 2 ** 40 }),
    fact("c", 1_763_999_999_000, { reason: "lease_expired" }),
    fact("d", 1_764_000_000_001, { kind: "accepted", cause: taskIdOf("who made it") }),
    ...Array.from({ length: 500 }, (_, i) => fact(`many-${i}`.padEnd(128, "x"), 1_764_000_000_000 + i)),
  ];
  const pack = new FactPack();
  for (const each of facts) pack.add(each);
  expect(unpackFacts(pack.blob())).toEqual(facts);
  expect(pack.newestAt).toBe(1_764_000_000_499);
});

test("a pack that was cleared begins anew", () => {
  const pack = new FactPack();
  pack.add(fact("a", 5));
  pack.clear();
  expect(pack.isEmpty).toBe(true);
  expect(unpackFacts(pack.blob())).toEqual([]);
  pack.add(fact("b", 3));
  expect(unpackFacts(pack.blob())).toEqual([fact("b", 3)]);
});
