import { expect } from "vitest";
import { createSystemClock } from "../../server/src/lib/system-clock.ts";
import { type Instant, plus } from "../../server/src/model/ids.ts";
import type { Clock } from "../../server/src/ports/clock.ts";
import { openStoreClock } from "../../server/src/storage/open.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { postgresTests } from "./shared-store.ts";

const hourMs = 3_600_000;

postgresTests((test) => {
  test("servers whose own clocks differ by hours count in the time of their database", async (shared) => {
    const system = createSystemClock<Instant>();
    const off = (ms: number): Clock => ({ now: () => plus(system.now(), ms), after: system.after });
    const clocks = await Promise.all(
      [-hourMs, 0, 5 * hourMs].map((ms) =>
        openStoreClock(shared.url, { clock: off(ms), log: createRecordingLog() }),
      ),
    );
    const times = clocks.map(({ clock }) => clock.now());
    for (const { close } of clocks) close();
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(2000);
    expect(Math.abs((times[0] ?? 0) - system.now())).toBeLessThan(2000);
  });

  test("the time never runs backwards, and goes on", async (shared) => {
    let now = 1_000_000;
    const base: Clock = { now: () => now as Instant, after: () => () => undefined };
    const { clock, close } = await openStoreClock(shared.url, { clock: base, log: createRecordingLog() });
    const first = clock.now();
    now -= 500;
    expect(clock.now()).toBe(first);
    now += 1500;
    expect(clock.now()).toBe(first + 1000);
    close();
  });
});
