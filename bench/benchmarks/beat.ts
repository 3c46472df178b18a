import { withBullmq } from "../support/bullmq.ts";
import { startChild } from "../support/child.ts";
import { type Benchmark, median, type Sample } from "../support/measure.ts";
import { makeSchedules, noSoon } from "../support/schedules.ts";
import { withStem } from "../support/stem.ts";
import { inLanes } from "../support/tasks.ts";

/** How late a task starts that many schedules start at once, among many more that are not due. */
export const beat: Benchmark = {
  name: "beat",
  work: "lateness of 1,000 schedules that are due in one second, among 100,000, from the slot to the start of the handler; the ratio is of the p99, our latest at most 2,000 ms",
  unit: "ms (p99)",
  bound: 1,
  run: async (plan) => {
    const found = { ours: [] as Late[], peer: [] as Late[] };
    const counts = { all: 100_000 * plan.scale, due: 1000 * plan.scale };
    for (let run = 1; run <= plan.runs; run += 1) {
      found.ours.push(await ours(counts));
      found.peer.push(await peer(counts));
      plan.say(
        `run ${run} of ${plan.runs}: ours ${text(found.ours.at(-1))}, peer ${text(found.peer.at(-1))}`,
      );
    }
    const mid = (side: readonly Late[], what: (late: Late) => number): number => median(side.map(what));
    const p99 = ({ value }: Late): number => value;
    return {
      ours: found.ours.map(p99),
      peer: found.peer.map(p99),
      ratio: mid(found.peer, p99) / mid(found.ours, p99),
      delivered: [...found.ours, ...found.peer].every(({ delivered }) => delivered),
      alsoPass: Math.max(...found.ours.map(({ last }) => last)) <= 2000,
      extra: {
        p50Ms: mid(found.ours, ({ p50 }) => p50),
        peerP50Ms: mid(found.peer, ({ p50 }) => p50),
        lastMs: mid(found.ours, ({ last }) => last),
        peerLastMs: mid(found.peer, ({ last }) => last),
        madePerSecond: mid(found.ours, ({ perSecond }) => perSecond),
        peerMadePerSecond: mid(found.peer, ({ perSecond }) => perSecond),
      },
    };
  },
};

type Counts = { readonly all: number; readonly due: number };
type Late = Sample & { readonly p50: number; readonly last: number; readonly perSecond: number };

const text = (late: Late | undefined): string =>
  `p50 ${late?.p50.toFixed(0)} p99 ${late?.value.toFixed(0)} last ${late?.last.toFixed(0)}, ${late?.perSecond.toFixed(0)} made/s`;

/** Makes schedules that are not due for half a day, then those that are due soon, and waits for what they start. */
async function lateness(
  worker: readonly [file: string, settings: object],
  { all, due }: Counts,
  make: (from: number, count: number, dueAt: Date) => Promise<void>,
): Promise<Late> {
  const [file, settings] = worker;
  const startedAt = performance.now();
  await make(0, all - due, noSoon());
  const perSecond = ((all - due) * 1000) / (performance.now() - startedAt);
  const child = startChild(file, { ...settings, count: due, warmUp: 0 });
  await child.next<{ ready: true }>();
  await make(all - due, due, new Date(Math.ceil(Date.now() / 1000) * 1000 + soonMs));
  const { p50, p99, last, handled } = await child.next<Told>();
  await child.end();
  return { value: p99, p50, last, perSecond, delivered: handled === due };
}

type Told = { readonly p50: number; readonly p99: number; readonly last: number; readonly handled: number };

/** As long as it takes at most to make those that are due. */
const soonMs = 10_000;

const ours = (counts: Counts): Promise<Late> =>
  withStem(({ url }) =>
    lateness(["../processes/stem-timed-worker.ts", { url }], counts, (from, count, dueAt) =>
      makeSchedules(url, { from, count, dueAt }),
    ),
  );

const peer = (counts: Counts): Promise<Late> =>
  withBullmq((queue, port) =>
    lateness(["../processes/bullmq-timed-worker.ts", { port }], counts, (from, count, dueAt) =>
      inLanes(count, async (n) => {
        const pattern = `${dueAt.getUTCSeconds()} ${dueAt.getUTCMinutes()} ${dueAt.getUTCHours()} * * *`;
        await queue.upsertJobScheduler(
          `s-${from + n}`,
          { pattern, tz: "UTC" },
          { name: "timed", data: dueAt.getTime() },
        );
      }),
    ),
  );
