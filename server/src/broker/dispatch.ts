/**
 * Who claims when. Per queue, a watch estimates how many tasks are there to be had; a hint after each commit raises it and wakes as
 * many idle takers as it takes, in turn, so that a slow worker never holds up the others. Hints may be lost: every few seconds each
 * queue is looked into anyway.
 */

import { laneOf } from "../model/gate.ts";
import type { Namespace, QueueName, QueueRef } from "../model/ids.ts";
import type { TakingWorker } from "../model/standing.ts";
import { Taker, type TakerDeps, type TakerWants } from "./taker.ts";
import { newWatch, serve, unwatch, type Waiter, type Watch } from "./watch.ts";

/** Hands tasks out. */
export type Dispatch = {
  readonly isDraining: boolean;
  /** Begins to take tasks. */
  join(wants: TakerWants): Taker;
  /** `count` tasks of a queue became ready; Infinity: nobody knows how many. */
  ready(queue: QueueRef, count: number): void;
  /** Whether somebody takes tasks of a queue here and now: a worker's stream, or a call of LeaseTasks that waits. */
  isServed(queue: QueueRef): boolean;
  /** Who takes tasks of a queue here and now, each once. */
  takersAt(queue: QueueRef): readonly TakingWorker[];
  /** Looks into every queue that somebody waits at, whatever the hints said. */
  rescan(): void;
  /** Nothing is claimed any more; whoever waits is sent away empty-handed. */
  drain(): void;
};

/** Makes the dispatch of a broker. */
export function createDispatch(deps: TakerDeps): Dispatch {
  // Workers that are like each other wait together: what one of them finds none of, is not there for the others either.
  const watches = new Map<string, Map<string, Watch>>();
  const takers = new Map<Waiter, Taker>();
  let hintSeq = 0;
  let isDraining = false;

  function watchOf({ namespace, labels }: TakerWants, queue: QueueName): Watch {
    const key = keyOf(namespace, queue);
    const lane = laneOf(labels);
    const lanes = watches.get(key) ?? new Map<string, Watch>();
    const watch = lanes.get(lane) ?? newWatch();
    watches.set(key, lanes.set(lane, watch));
    return watch;
  }

  function leave(taker: Taker, { namespace, queues, labels }: TakerWants): void {
    takers.delete(taker);
    const lane = laneOf(labels);
    for (const queue of queues) {
      const key = keyOf(namespace, queue);
      const lanes = watches.get(key);
      const watch = lanes?.get(lane);
      if (watch === undefined) continue;
      unwatch(watch, taker);
      if (watch.waiters.length === 0) lanes?.delete(lane);
      if (lanes?.size === 0) watches.delete(key);
    }
  }

  return {
    get isDraining() {
      return isDraining;
    },
    join(wants) {
      const own = new Map(wants.queues.map((queue) => [queue, watchOf(wants, queue)]));
      const taker = new Taker(deps, wants, {
        watches: own,
        hintSeq: () => hintSeq,
        isDraining: () => isDraining,
        onLeave: (leaving) => leave(leaving, wants),
      });
      takers.set(taker, taker);
      for (const watch of own.values()) watch.waiters.push(taker);
      return taker;
    },
    ready(ref, count) {
      const lanes = watches.get(keyOf(ref.namespace, ref.queue));
      if (lanes === undefined || count <= 0) return;
      hintSeq += 1;
      for (const watch of lanes.values()) {
        watch.supply += count;
        watch.hintSeq = hintSeq;
        serve(watch, count);
      }
    },
    takersAt({ namespace, queue }) {
      const lanes = watches.get(keyOf(namespace, queue))?.values() ?? [];
      const waiters = [...lanes].flatMap((watch) => watch.waiters);
      return waiters.flatMap((waiter) => takers.get(waiter)?.asWorker() ?? []);
    },
    isServed: ({ namespace, queue }) => watches.has(keyOf(namespace, queue)),
    rescan() {
      for (const watch of watches.values().flatMap((lanes) => lanes.values())) {
        watch.supply = Number.POSITIVE_INFINITY;
        serve(watch, 1);
      }
    },
    drain() {
      isDraining = true;
      for (const taker of takers.values()) taker.wake();
    },
  };
}

/** A namespace has no slash. */
const keyOf = (namespace: Namespace, queue: QueueName): string => `${namespace}/${queue}`;
