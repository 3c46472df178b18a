import {
  fieldsOf,
  listOf,
  type Reading,
  shapeOf,
  textOf,
  type Value,
  wholeNumberOf,
} from "../lib/document.ts";
import { suggestion } from "../lib/nearest.ts";
import type { QueueName } from "../model/ids.ts";
import type { Glob, RouteRule, RouteTarget } from "../model/route.ts";
import type { Names } from "./read-names.ts";
import { type OptionReading, priorities, readHeaders, readOptions } from "./read-options.ts";
import { readGlob } from "./read-queues.ts";

/** What a route may lead to. */
export type Targets = Names & { readonly channels: ReadonlyMap<string, unknown> };

/** Reads the list of routes, of which the first that fits will win. */
export function readRoutes(
  value: Value | undefined,
  names: Targets,
  from: OptionReading,
): readonly RouteRule[] {
  if (value === undefined) return [];
  const items = listOf(value, from.reading);
  if (items.length > from.limits.routesMax) {
    from.reading.wrong(value, `must have at most ${from.limits.routesMax} items (routesMax)`);
    return [];
  }
  return items.flatMap((item) => readRoute(item, names, from) ?? []);
}

function readRoute(value: Value, names: Targets, from: OptionReading): RouteRule | undefined {
  const { reading } = from;
  const fields = fieldsOf(value, ["match", "target", "priority_override", "options"], reading);
  const match = fields.match ? fieldsOf(fields.match, ["task", "headers", "queue_override"], reading) : {};
  const target = fields.target
    ? readTarget(fields.target, names, from)
    : reading.wrong(value, "must have a target");
  const rule = {
    label: `${value.key} (line ${reading.lineOf(value)})`,
    tasks: match.task ? readTasks(match.task, from) : [],
    headers: readHeaders(match.headers, from),
    fromQueue: match.queue_override && names.queueNamed(match.queue_override),
    priorityOverride: wholeNumberOf(fields.priority_override, priorities, reading),
    options: readOptions(fields.options, from),
  };
  return target && { ...rule, target };
}

/** One pattern, or several. */
function readTasks(value: Value, from: OptionReading): readonly Glob[] {
  if (shapeOf(value) !== "list") return [readGlob(value, from) ?? []].flat();
  const items = listOf(value, from.reading);
  if (items.length === 0) from.reading.wrong(value, "must have at least one pattern");
  return items.flatMap((item) => readGlob(item, from) ?? []);
}

/** The name of a queue, `{ type: queue, name: … }` or `{ type: broadcast, name: … }`. */
function readTarget(value: Value, names: Targets, { reading }: OptionReading): RouteTarget | undefined {
  if (shapeOf(value) !== "map") return queueTarget(names.queueNamed(value));
  const fields = fieldsOf(value, ["type", "name"], reading);
  const type = fields.type ? textOf(fields.type, reading) : "queue";
  if (fields.name === undefined) return reading.wrong(value, "must have a name");
  if (type === "broadcast") return channelTarget(fields.name, names, reading);
  if (type === "queue") return queueTarget(names.queueNamed(fields.name));
  if (type === undefined) return undefined;
  return reading.wrong(value, `there is no target of type "${type}"; allowed: queue, broadcast`);
}

const queueTarget = (queue: QueueName | undefined): RouteTarget | undefined =>
  queue && { kind: "queue", queue };

function channelTarget(value: Value, { channels }: Targets, reading: Reading): RouteTarget | undefined {
  const channel = textOf(value, reading);
  if (channel === undefined) return undefined;
  if (channels.has(channel)) return { kind: "broadcast", channel };
  return reading.wrong(
    value,
    `there is no channel "${channel}" below broadcasts${suggestion(channel, channels.keys())}`,
  );
}
