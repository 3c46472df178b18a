/** Servers and workers that are killed while canvases go on. */

import { canvasViolations } from "../checker/canvas-rules.ts";
import type { CanvasWorkerSettings } from "../processes/canvas-worker.ts";
import { createCanvasLoad } from "./canvas-load.ts";
import type { ChaosRun, ChaosServer } from "./chaos-run.ts";
import { pass } from "./pass.ts";
import { shortLeases } from "./server-flags.ts";

/** What is killed, and for how long. */
export type CanvasKills = {
  /** Where servers of the run's store stand; each is killed in its turn. */
  readonly places: readonly string[];
  readonly loadMs: number;
};

/** What came of it. */
export type CanvasesLeft = {
  /** A sentence for every breach of a rule. */
  readonly violations: readonly string[];
  readonly canvases: number;
  readonly kills: number;
  /** How many tasks were handed out again. */
  readonly redelivered: number;
  /** How canvases ended, each way once. */
  readonly states: readonly string[];
};

/** On a machine so busy that a start takes longer than the load. */
const killsMin = 4;
const readAtOnce = 16;
const lanes = ["a", "b"];
/** How long a server lives. */
const lifeMs = [200, 1500] as const;

/** Submits chords in chords while servers are killed, and with every other one a worker; ends all, and looks at what is left. */
export async function killUnderCanvases(
  run: ChaosRun,
  { places, loadMs }: CanvasKills,
): Promise<CanvasesLeft> {
  const servers = new Map<string, ChaosServer>();
  const start = async (place: string): Promise<void> =>
    void servers.set(place, await run.startServer(shortLeases, place));
  for (const place of places) await start(place);
  const urls = [...servers.values()].map(({ url }) => url);
  let started = 0;
  const startWorker = () => {
    started += 1;
    const proc = `worker-${started}`;
    return run.start<CanvasWorkerSettings>("canvas-worker", { url: urls.join(","), proc, concurrency: 8 });
  };
  const workers = await Promise.all([startWorker(), startWorker()]);
  const load = createCanvasLoad(urls, run.random);
  const enough = new AbortController();
  const submitting = Promise.all(lanes.map((lane) => load.submit(lane, enough.signal)));

  const until = performance.now() + loadMs;
  let kills = 0;
  for (; kills < killsMin || performance.now() < until; kills += 1) {
    await pass(run.random.between(...lifeMs));
    const place = places[kills % places.length] ?? "";
    const [worker, server] = [kills % 2 === 0 ? workers.shift() : undefined, servers.get(place)?.kill()];
    await Promise.all([worker?.kill(), server]);
    await start(place);
    if (worker !== undefined) workers.push(await startWorker());
  }
  enough.abort();
  await submitting;
  // What came faster than it could be run under kills has to be caught up with.
  await load.ended(60_000 + loadMs);

  const violations: string[] = [];
  const states = new Set<string>();
  let redelivered = 0;
  const accepted = [...load.accepted];
  while (accepted.length > 0)
    await Promise.all(
      accepted.splice(0, readAtOnce).map(async ([id, plan]) => {
        const found = await load.found(id);
        states.add(found.state);
        redelivered += found.tasks.filter(({ deliveries }) => deliveries > 1).length;
        violations.push(...canvasViolations(id, plan, found, { isOneClock: places.length === 1 }));
      }),
    );
  for (const processes of [workers, [...servers.values()]]) {
    for (const each of processes) each.term();
    await Promise.all(processes.map(({ exited }) => exited));
  }
  const left = {
    violations,
    canvases: load.accepted.size,
    kills,
    redelivered,
    states: [...states].toSorted(),
  };
  process.stdout.write(`chaos: ${JSON.stringify({ ...left, violations: violations.length })}\n`);
  return left;
}
