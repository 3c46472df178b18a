/**
 * Control: what operators see of workers and do to them. A command goes to each worker on its stream and is answered there; this room
 * chooses whom, and puts the answers together. It never decides what a command means: workers do. Read on in broker/commands.ts.
 */

import type { Broker, WorkerView } from "../broker/broker.ts";
import type { Command, CommandOutcome } from "../model/command.ts";
import type { Namespace } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";

export type { WorkerView };

/** A command, whom it is for, and how long to wait for answers. */
export type Order = {
  readonly namespace: Namespace;
  /** Ids or names; none: all workers. */
  readonly targets: readonly string[];
  readonly command: Command;
  readonly timeoutMs: number;
};

/** What became of a command at one worker. */
export type WorkerAnswer = { readonly id: string; readonly name: string; readonly outcome: CommandOutcome };

/** What operators call. */
export interface Control {
  /** The workers of a namespace, by name and then by id. */
  listWorkers(namespace: Namespace): readonly WorkerView[];
  /** Sends a command; one answer for each worker, as they come. WORKER_UNKNOWN before anything is sent. */
  send(order: Order): AsyncIterable<WorkerAnswer>;
}

/** What control needs. */
export type ControlDeps = { readonly broker: Pick<Broker, "workers" | "cancel"> };

/** Makes the control of a server. */
export function createControl({ broker }: ControlDeps): Control {
  const listWorkers = (namespace: Namespace): readonly WorkerView[] =>
    [...broker.workers(namespace)].sort(
      (a, b) => compare(a.hello.worker, b.hello.worker) || compare(a.id, b.id),
    );

  /** The tasks of a revocation end in the store first: what waits never begins, whoever holds it and however old its worker is. */
  async function revoke({ namespace, command: { revokes } }: Order): Promise<void> {
    if (revokes === undefined) return;
    const { taskIds, ...message } = revokes;
    await Promise.all(taskIds.map((id) => broker.cancel({ namespace, id }, message).catch(unlessUnknown)));
  }

  return {
    listWorkers,
    async *send(order) {
      const { namespace, targets, command, timeoutMs } = order;
      const workers = chosen(listWorkers(namespace), targets);
      await revoke(order);
      yield* asTheyCome(
        workers.map(async (worker) => ({
          id: worker.id,
          name: worker.hello.worker,
          outcome: await worker.ask(command, timeoutMs),
        })),
      );
    },
  };
}

/** The workers that are meant, in their order. */
function chosen(workers: readonly WorkerView[], targets: readonly string[]): readonly WorkerView[] {
  if (targets.length === 0) return workers;
  const bears = ({ id, hello }: WorkerView, target: string): boolean =>
    id === target || hello.worker === target;
  const unknown = targets.find((target) => !workers.some((worker) => bears(worker, target)));
  if (unknown !== undefined) throw new StemProblem({ reason: "WORKER_UNKNOWN", worker: unknown });
  const wanted = new Set(targets);
  return workers.filter(({ id, hello }) => wanted.has(id) || wanted.has(hello.worker));
}

function unlessUnknown(error: unknown): void {
  if (!(error instanceof StemProblem) || error.problem.reason !== "TASK_UNKNOWN") throw error;
}

/** Yields what promises resolve with, the fastest first. They must not reject. */
async function* asTheyCome<T>(promises: readonly Promise<T>[]): AsyncGenerator<T> {
  const come: T[] = [];
  let wake = (): void => undefined;
  for (const promise of promises)
    void promise.then((value) => {
      come.push(value);
      wake();
    });
  for (let left = promises.length; left > 0; left -= 1) {
    if (come.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    const [value] = come.splice(0, 1);
    if (value !== undefined) yield value;
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
