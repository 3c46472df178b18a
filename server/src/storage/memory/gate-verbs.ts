import type { GateLimit, LimitRef } from "../../model/gate.ts";
import type { Instant, Namespace, QueueRef, TaskRef } from "../../model/ids.ts";
import type { Pause } from "../../model/pause.ts";
import type { GateNews, GateRef, GateStore, KeyWeight } from "../../ports/gate-store.ts";
import { takeNews, wakeAt } from "./gates.ts";
import {
  deleteLimit,
  getLimit,
  listLimits,
  listWeights,
  openGates,
  putLimit,
  putWeight,
  setGatePause,
} from "./limits.ts";
import { readStanding } from "./standing.ts";
import type { State } from "./state.ts";

/** Makes the verbs about gates, and what every other verb owes them. */
export function createGateVerbs(state: State) {
  let hear: (news: GateNews) => void = () => undefined;

  /** Brings the gates in order that a verb has touched, if it moves tasks, and tells what they did. */
  function end(now: Instant | undefined): void {
    const { gates } = state;
    if (now !== undefined && gates.keeper.isTouched && gates.keeper.tend(now)) wakeAt(gates, now);
    const news = takeNews(gates);
    if (news !== undefined) hear(news);
  }

  return {
    end,
    putLimit: (limit: GateLimit) => putLimit(state, limit),
    deleteLimit: (ref: LimitRef, now: Instant) => deleteLimit(state, ref, now),
    setGatePause: (ref: GateRef, pause: Pause | undefined, now: Instant) =>
      setGatePause(state, ref, pause, now),
    getLimit: (ref: LimitRef) => getLimit(state, ref),
    listLimits: (namespace: Namespace, after: LimitRef | undefined, limit: number) =>
      listLimits(state, namespace, after, limit),
    putWeight: (ref: QueueRef, weight: KeyWeight, now: Instant) => putWeight(state, ref, weight, now),
    listWeights: (ref: QueueRef, after: string | undefined, limit: number) =>
      listWeights(state, ref, after, limit),
    openGates: (now: Instant) => openGates(state, now),
    readStanding: (ref: TaskRef, aheadMax: number) => readStanding(state, ref, aheadMax),
    onGateNews(listener: (news: GateNews) => void): void {
      hear = listener;
    },
  };
}

/** The gates as the port has them. */
export const createGateStore = (
  verbs: ReturnType<typeof createGateVerbs>,
  call: <T>(verb: () => T) => Promise<T>,
): GateStore => ({
  putLimit: (limit) => call(() => verbs.putLimit(limit)),
  deleteLimit: (ref, now) => call(() => verbs.deleteLimit(ref, now)),
  setGatePause: (ref, pause, now) => call(() => verbs.setGatePause(ref, pause, now)),
  getLimit: (ref) => call(() => verbs.getLimit(ref)),
  listLimits: (namespace, after, limit) => call(() => verbs.listLimits(namespace, after, limit)),
  putWeight: (ref, weight, now) => call(() => verbs.putWeight(ref, weight, now)),
  listWeights: (ref, after, limit) => call(() => verbs.listWeights(ref, after, limit)),
  openGates: (now) => call(() => verbs.openGates(now)),
  readStanding: (ref, aheadMax) => call(() => verbs.readStanding(ref, aheadMax)),
  onGateNews: verbs.onGateNews,
});
