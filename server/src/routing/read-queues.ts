/** What a routing configuration says of its queues. */

import {
  type Entry,
  fieldsOf,
  listOf,
  type Reading,
  shapeOf,
  textOf,
  type Value,
  wholeNumberOf,
} from "../lib/document.ts";
import type { QueueName } from "../model/ids.ts";
import { queueNameOf } from "../model/ids.ts";
import type { Binding, Glob, QueueRules } from "../model/route.ts";
import { createGlob, globFault } from "./glob.ts";
import { readLimits } from "./read-limits.ts";
import type { Names } from "./read-names.ts";
import { type OptionReading, priorities, readHeaders, readOptions } from "./read-options.ts";

/** The queues, and what binds them to keys. */
export type Queues = {
  readonly queues: ReadonlyMap<QueueName, QueueRules>;
  readonly bindings: readonly Binding[];
};

type Draft = Omit<QueueRules, "fallbacks"> & { readonly at: Value; readonly own: readonly QueueName[] };

const weights = { min: 1, max: 1000 };

/** Reads every queue that is declared. */
export function readQueues(names: Names, from: OptionReading): Queues {
  const { limits, reading } = from;
  const [first] = names.declared;
  if (first && names.declared.length > limits.routingQueuesMax)
    reading.wrong(first.at, `there are more than ${limits.routingQueuesMax} queues (routingQueuesMax)`);
  const bindings: Binding[] = [];
  const drafts = new Map<QueueName, Draft>();
  for (const entry of names.declared)
    drafts.set(queueNameOf(entry.name), readQueue(entry, { names, from, bindings }));
  if (first && bindings.length > limits.bindingsMax)
    reading.wrong(first.at, `there are more than ${limits.bindingsMax} bindings (bindingsMax)`);
  const queues = new Map<QueueName, QueueRules>();
  for (const [name, { at, own, ...rules }] of drafts)
    queues.set(name, { ...rules, fallbacks: followed(name, drafts, from) });
  checkLimitCount(drafts, from);
  return { queues, bindings };
}

type QueueReading = { readonly names: Names; readonly from: OptionReading; readonly bindings: Binding[] };

function readQueue({ name, at, value }: Entry, { names, from, bindings }: QueueReading): Draft {
  const { reading } = from;
  const queue = queueNameOf(name);
  const fields = fieldsOf(value, ["priority_range", "limits", "options", "fallbacks", "bindings"], reading);
  const isDefault = queue === names.defaultQueue && names.defaultFallbacks.length > 0;
  if (isDefault && fields.fallbacks)
    reading.wrong(fields.fallbacks, "default_queue.fallbacks says them already");
  const own = fields.fallbacks
    ? listOf(fields.fallbacks, reading).flatMap((item) => names.queueNamed(item) ?? [])
    : [];
  for (const item of fields.bindings ? listOf(fields.bindings, reading) : []) {
    const binding = readBinding(queue, item, from);
    if (binding !== undefined) bindings.push(binding);
  }
  const [priorityMin, priorityMax] = readRange(fields.priority_range, reading);
  return {
    at,
    own: isDefault ? names.defaultFallbacks : own,
    priorityMin,
    priorityMax,
    options: readOptions(fields.options, from),
    limits: fields.limits && readLimits(fields.limits, from),
  };
}

/** More than a namespace may have could never be put. */
function checkLimitCount(drafts: ReadonlyMap<QueueName, Draft>, { limits, reading }: OptionReading): void {
  const limited = drafts
    .values()
    .filter((draft) => draft.limits !== undefined)
    .toArray();
  const beyond = limited[limits.gateLimitsPerNamespaceMax];
  if (beyond)
    reading.wrong(
      beyond.at,
      `there are more than ${limits.gateLimitsPerNamespaceMax} limits (gateLimitsPerNamespaceMax)`,
    );
}

/** `[0, 5]`, or `{ min: 0, max: 5 }`. */
function readRange(value: Value | undefined, reading: Reading): readonly [min: number, max: number] {
  const { min, max } = priorities;
  if (value === undefined) return [min, max];
  const isList = shapeOf(value) === "list";
  const items = isList ? listOf(value, reading) : [];
  if (isList && items.length !== 2)
    reading.wrong(value, "must be two numbers, the lowest priority and the highest");
  const { min: from, max: to } = isList
    ? { min: items[0], max: items[1] }
    : fieldsOf(value, ["min", "max"], reading);
  const [low, high] = [
    wholeNumberOf(from, priorities, reading) ?? min,
    wholeNumberOf(to, priorities, reading) ?? max,
  ];
  if (low > high) reading.wrong(value, `the lowest priority, ${low}, is above the highest, ${high}`);
  return [low, high];
}

function readBinding(queue: QueueName, value: Value, from: OptionReading): Binding | undefined {
  const { reading } = from;
  const fields = fieldsOf(value, ["routing_key", "headers", "weight"], reading);
  if (fields.routing_key === undefined) return reading.wrong(value, "must have a routing_key");
  const key = readGlob(fields.routing_key, from);
  const headers = readHeaders(fields.headers, from);
  const weight = wholeNumberOf(fields.weight, weights, reading) ?? 1;
  return key && { queue, key, headers, weight };
}

/** Reads a pattern. */
export function readGlob(value: Value, { limits, reading }: OptionReading): Glob | undefined {
  const pattern = textOf(value, reading);
  if (pattern === undefined) return undefined;
  const fault = globFault(pattern, limits);
  return fault === undefined ? createGlob(pattern) : reading.wrong(value, fault);
}

/** The fallbacks of a queue, each followed by its own; says so where one leads back to the queue. */
function followed(
  name: QueueName,
  drafts: ReadonlyMap<QueueName, Draft>,
  { limits, reading }: OptionReading,
): readonly QueueName[] {
  const draft = drafts.get(name);
  if (draft === undefined || draft.own.length === 0) return [];
  const found = new Set<QueueName>();
  const follow = (queue: QueueName): void => {
    for (const next of drafts.get(queue)?.own ?? []) {
      if (found.size > limits.fallbacksMax || found.has(next)) continue;
      found.add(next);
      follow(next);
    }
  };
  follow(name);
  if (found.has(name)) reading.wrong(draft.at, "is among its own fallbacks, or theirs");
  else if (found.size > limits.fallbacksMax)
    reading.wrong(
      draft.at,
      `has more than ${limits.fallbacksMax} fallbacks, with those of its fallbacks (fallbacksMax)`,
    );
  return [...found];
}
