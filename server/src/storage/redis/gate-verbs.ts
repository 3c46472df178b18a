import type { GateLimit, LimitKind, LimitRef, Rate } from "../../model/gate.ts";
import { instantOf, type Namespace, queueNameOf, taskIdOf } from "../../model/ids.ts";
import { type NamespaceRecord, stopOf } from "../../model/namespace.ts";
import type { LimitStanding, TaskStanding } from "../../model/standing.ts";
import type { GateNews, GateStatus, GateStore } from "../../ports/gate-store.ts";
import { states } from "../sql/codes.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import { maybePause, pauseArgs } from "./queue-verbs.ts";
import type { Runner, Verb } from "./runner.ts";
import { headOfRow } from "./task-rows.ts";
import { listOf, maybe, numberOf, textOf } from "./unpacked.ts";
import { itemsOf, wordOrRefusal } from "./verdicts.ts";

const operation = (name: string, grows = false): Verb => ({ room: "operations", name, grows });

/** Limits and turns; who hears the news of gates is the store's business. */
export const createGateVerbs = (runner: Runner): Omit<GateStore, "onGateNews"> => ({
  putLimit: async (limit) =>
    textOf(await runner.making(limit.namespace, operation("putLimit", true), limitArgs(limit))) as
      | "done"
      | "more"
      | "too_many",
  deleteLimit: async ({ namespace, kind, subject }, now) =>
    textOf(await runner.ofSpace(namespace, operation("deleteLimit"), [kind, subject, now])) as
      | "done"
      | "more"
      | "unknown",
  setGatePause: async ({ namespace, kind, subject }, pause, now) => {
    const args = [kind, subject, pauseArgs(pause), now];
    return textOf(await runner.making(namespace, operation("setGatePause", true), args)) as
      | "done"
      | "more"
      | "too_many";
  },
  getLimit: async ({ namespace, kind, subject }) =>
    maybe(await runner.ofSpace(namespace, operation("getLimit"), [kind, subject]), (value) =>
      statusOf(namespace, value),
    ),
  listLimits: async (namespace, after, limit) =>
    itemsOf(
      await runner.ofSpace(namespace, operation("listLimits"), [after && placeArgs(after), limit]),
      (row) => limitOf(namespace, row),
    ),
  putWeight: async ({ namespace, queue }, { key, weight }, now) =>
    wordOrRefusal<"done">(
      await runner.making(namespace, operation("putWeight", true), [queue, key, weight, now]),
    ),
  listWeights: async ({ namespace, queue }, after, limit) =>
    itemsOf(await runner.ofSpace(namespace, operation("listWeights"), [queue, after, limit]), (row) => {
      const [key, weight] = listOf(row);
      return { key: textOf(key), weight: numberOf(weight) };
    }),
  async openGates(now) {
    const names = await runner.names();
    const wakes = await Promise.all(
      names.map(async (namespace) =>
        maybe(await runner.ofSpace(namespace, operation("openGates"), now), numberOf),
      ),
    );
    const first = Math.min(...wakes.map((at) => at ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(first) ? instantOf(first) : undefined;
  },
  readStanding: async ({ namespace, id }, aheadMax) =>
    maybe(await runner.ofSpace(namespace, operation("readStanding"), [id, aheadMax]), (value) =>
      standingOf(namespace, value),
    ),
});

const placeArgs = ({ kind, subject }: LimitRef): Packable => [kind, subject];

const limitArgs = ({ kind, subject, concurrency, rate, updatedAt }: GateLimit): Packable => [
  kind,
  subject,
  concurrency,
  rate && [rate.count, rate.periodMs, rate.burst],
  updatedAt,
];

function limitOf(namespace: Namespace, value: Unpacked): GateLimit {
  const [kind, subject, concurrency, rate, updatedAt, pause] = listOf(value);
  return {
    namespace,
    kind: textOf(kind) as LimitKind,
    subject: textOf(subject),
    concurrency: maybe(concurrency, numberOf),
    rate: maybe(rate, rateOf),
    pause: maybePause(pause),
    updatedAt: instantOf(numberOf(updatedAt)),
  };
}

function rateOf(value: Unpacked): Rate {
  const [count, periodMs, burst] = listOf(value);
  return { count: numberOf(count), periodMs: numberOf(periodMs), burst: numberOf(burst) };
}

function statusOf(namespace: Namespace, value: Unpacked): GateStatus {
  const [limit = false, leased, waiting] = listOf(value);
  return { ...limitOf(namespace, limit), leased: numberOf(leased), waiting: numberOf(waiting) };
}

function standingOf(namespace: Namespace, value: Unpacked): TaskStanding {
  const [row = false, record, isQueueDeleting, pause, first, limits = false, ahead] = listOf(value);
  return {
    head: headOfRow(namespace, row),
    stop: stopOf(maybe(record, (text) => JSON.parse(textOf(text)) as NamespaceRecord)),
    isQueueDeleting: isQueueDeleting === true,
    pause: maybePause(pause),
    first: maybe(first, (pair) => {
      const [id, state] = listOf(pair);
      return { id: taskIdOf(textOf(id)), state: states.word(numberOf(state)) };
    }),
    limits: itemsOf(limits, (each) => limitStandingOf(namespace, each)),
    ahead: numberOf(ahead),
  };
}

function limitStandingOf(namespace: Namespace, value: Unpacked): LimitStanding {
  const [limit = false, dueAt, leased, ahead] = listOf(value);
  return {
    limit: limitOf(namespace, limit),
    dueAt: numberOf(dueAt),
    leased: numberOf(leased),
    ahead: numberOf(ahead),
  };
}

/** What gates did in a verb, as the port tells it. */
export function newsOf(namespace: Namespace, value: Unpacked): GateNews {
  const [opened = false, wakeAt, dueAt] = listOf(value);
  return {
    opened: itemsOf(opened, (pair) => {
      const [queue, count] = listOf(pair);
      return { queue: { namespace, queue: queueNameOf(textOf(queue)) }, count: numberOf(count) };
    }),
    wakeAt: maybe(wakeAt, (at) => instantOf(numberOf(at))),
    dueAt: maybe(dueAt, (at) => instantOf(numberOf(at))),
  };
}
