import type { GateNews, GateStore } from "../../ports/gate-store.ts";
import type { Asking } from "./asking.ts";
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

/** Limits, and the gates that they make; `listen` names the one who hears what gates did. */
export const createGateStore = (
  { lane, read, snapshot }: Asking,
  listen: (listener: (news: GateNews) => void) => void,
): GateStore => ({
  putLimit: (limit) => lane.call({ isAlone: true }, (work) => putLimit(work, limit)),
  setGatePause: (ref, pause, now) =>
    lane.call({ isAlone: true }, (work) => setGatePause(work, ref, pause, now)),
  deleteLimit: (ref, now) => lane.call({ isAlone: true }, (work) => deleteLimit(work, ref, now)),
  getLimit: (ref) => read((db) => getLimit(db, ref)),
  listLimits: (namespace, after, limit) => read((db) => listLimits(db, namespace, after, limit)),
  putWeight: (ref, weight, now) => lane.call({}, (work) => putWeight(work, ref, weight, now)),
  listWeights: (ref, after, limit) => read((db) => listWeights(db, ref, after, limit)),
  openGates: (now) => lane.call({}, (work) => openGates(work, now)),
  readStanding: (ref, aheadMax) => snapshot((db) => readStanding(db, ref, aheadMax)),
  onGateNews: listen,
});
