// Enqueues as fast as its lanes go, repeats what stays open with the same id, and writes down every call and every answer.

import { connect, StemProblem, TaskFailedError, type TaskHandle } from "@stem/sdk";
import { hashOf } from "../history.ts";
import { openJournal } from "../support/journal.ts";
import { pass } from "../support/pass.ts";
import { createRandom } from "../support/random.ts";
import { endSignal, type ProcessSettings, settingsOfProcess } from "./settings.ts";
import { type Work, type WorkDone, work } from "./work.ts";

/** How much a producer does. */
export type ProducerSettings = ProcessSettings & {
  /** Calls that are open at once. */
  readonly lanes: number;
  /** Longest pause of a lane between two tasks. */
  readonly pauseMs: number;
  /** Longest time that a task takes. */
  readonly workMs: number;
  /** Share of unanswered calls that are never repeated. */
  readonly giveUpShare: number;
};

const settings = settingsOfProcess<ProducerSettings>();
const journal = openJournal(settings.folder, settings.proc);
const random = createRandom(settings.seed);
const ending = endSignal();
// Every call is one call: what it came to must be told, not retried away.
const client = connect({ url: settings.url, publishRetry: false });
/** A task that is watched has this long to end once nothing new is made; what it comes to later, the store tells. */
const watchMsMax = 5000;
const watching = new Set<Promise<void>>();
let made = 0;

process.stdout.write("ready\n");
await Promise.all(Array.from({ length: settings.lanes }, lane));
await Promise.race([Promise.all(watching), pass(watchMsMax)]);
await client.close();
process.exit(0);

async function lane(): Promise<void> {
  while (!ending.aborted) {
    made += 1;
    const id = `${settings.proc}-${made}`;
    if (random.chance(0.03)) await call(id, nextWork(), { priority: 99 });
    else await enqueue(id, nextWork());
    await pass(random.between(0, settings.pauseMs));
  }
}

function nextWork(): Work {
  const share = random.between(0, 1);
  const kind = share < 0.75 ? "quick" : share < 0.9 ? "flaky" : share < 0.95 ? "failing" : "stubborn";
  return { kind, ms: Math.round(random.between(0, settings.workMs)), nonce: random.whole(0, 2 ** 31) };
}

/** Enqueues until it is answered, or until it is left open for good. */
async function enqueue(id: string, args: Work): Promise<void> {
  for (;;) {
    const answer = await call(id, args, {});
    if (answer === "unknown" || answer === "DRAINING") {
      if (random.chance(settings.giveUpShare)) return;
      await pass(random.between(10, 150));
      continue;
    }
    if (typeof answer === "string") return;
    if (random.chance(0.1)) watch(answer);
    if (random.chance(0.02)) await call(id, { ...args, nonce: args.nonce + 1 }, {});
    return;
  }
}

/** One call: the task's handle when it is stored, "unknown", or the reason why it is not stored. */
async function call(id: string, args: Work, options: { priority?: number }) {
  const line = { op: "enqueue", task: id, argsHash: hashOf([args]) } as const;
  journal.write({ ...line, phase: "invoke" });
  try {
    const handle = await client.enqueue(work, [args], { id, ...options });
    journal.write({ ...line, phase: "ok" });
    return handle;
  } catch (error) {
    if (!(error instanceof StemProblem)) throw error;
    const isOpen = error.outcome === "unknown";
    journal.write({ ...line, phase: isOpen ? "unknown" : "fail", code: error.reason });
    return isOpen ? "unknown" : error.reason;
  }
}

/** Waits for a task's end beside everything else, and writes down what it saw. */
function watch(handle: TaskHandle<WorkDone>): void {
  const seen = { op: "see", phase: "ok", task: handle.id } as const;
  const waiting = handle.result({ timeoutMs: 60_000 }).then(
    (value) => journal.write({ ...seen, state: "succeeded", valueHash: hashOf(value) }),
    (error: unknown) => {
      if (error instanceof TaskFailedError) journal.write({ ...seen, state: "failed" });
    },
  );
  watching.add(waiting);
  void waiting.finally(() => watching.delete(waiting));
}
