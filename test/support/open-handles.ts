import { setTimeout as sleep } from "node:timers/promises";
import { afterAll } from "vitest";

// Their pipes open at the first look, which may be inside a test.
for (const stream of ["stdin", "stdout", "stderr"] as const) void process[stream];

/** What the test runner itself keeps open, as often as it does. */
const before = counts();

/** How long a file may take to wind down what its last hook has already told to stop. */
const patienceMs = 3_000;
const lookEveryMs = 20;

// Loaded for every test file. Hooks registered first run last, so this one comes after all of the file's own.
afterAll(async () => {
  let left = leftOpen();
  for (let waitedMs = 0; left.length > 0 && waitedMs < patienceMs; waitedMs += lookEveryMs) {
    await sleep(lookEveryMs);
    left = leftOpen();
  }
  if (left.length > 0) throw new Error(`this file's tests left open: ${left.join(", ")}`);
});

/** Servers, sockets, children, threads and timers that keep this process alive and did not at its start. */
function leftOpen(): string[] {
  return [...counts()].flatMap(([type, count]) => {
    const more = count - (before.get(type) ?? 0);
    return more > 0 ? [`${more} × ${type}`] : [];
  });
}

function counts(): Map<string, number> {
  const types = process.getActiveResourcesInfo();
  return new Map([...Map.groupBy(types, (type) => type)].map(([type, all]) => [type, all.length]));
}
