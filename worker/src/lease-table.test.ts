import { expect, test } from "vitest";
import { heldLeaseOf } from "../../test/support/held-lease.ts";
import { LeaseTable } from "./lease-table.ts";

test("a heartbeat confirms what the worker had seen when it sent it, and nothing later", () => {
  const table = new LeaseTable();
  const leases = [1, 2, 3].map((seq) => heldLeaseOf({ taskId: `t${seq}` }, 0, seq));
  for (const lease of leases) table.add(lease);
  table.confirm(2, 5000);
  expect(leases.map(({ stopAt }) => stopAt)).toEqual([21_000, 21_000, 16_000]);
});

test("leases are found by their tokens, as far as they are held", () => {
  const table = new LeaseTable();
  const [a, b] = [heldLeaseOf({ taskId: "a" }), heldLeaseOf({ taskId: "b" })];
  table.add(a);
  table.add(b);
  table.remove(a);
  expect(table.byTokens([Buffer.from("b"), Buffer.from("a"), new Uint8Array()])).toEqual([
    b,
    undefined,
    undefined,
  ]);
  expect([...table]).toEqual([b]);
  expect(table.size).toBe(1);
});
