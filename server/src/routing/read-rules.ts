/** From a text to the rules of a namespace's routing, or to all that is wrong with it. docs/routing.md tells what may stand in it. */

import {
  fieldsOf,
  isNothing,
  type Mistake,
  openDocument,
  type Reading,
  shapeOf,
  textOf,
  type Value,
} from "../lib/document.ts";
import { queueNameOf } from "../model/ids.ts";
import type { Defaults, Limits } from "../model/limits.ts";
import type { RoutingRules } from "../model/route.ts";
import { readChannels } from "./read-channels.ts";
import { readNames } from "./read-names.ts";
import { readQueues } from "./read-queues.ts";
import { readRoutes } from "./read-routes.ts";

/** Rules, or why there are none. */
export type ReadRules =
  | { readonly kind: "rules"; readonly rules: RoutingRules }
  | { readonly kind: "wrong"; readonly mistakes: readonly Mistake[] };

/** What reading needs. */
export type RulesReading = { readonly limits: Limits; readonly defaults: Defaults };

const mistakesMax = 100;
/** More than any right text needs. */
const nestingMax = 32;

/** Reads YAML or JSON. */
export function readRules(text: string, { limits, defaults }: RulesReading): ReadRules {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.routingBytesMax) return tooLong(bytes, limits);
  const reading = openDocument(text, nestingMax);
  const rules = rulesOf(reading, { limits, defaults });
  const { mistakes } = reading;
  mistakes.sort((a, b) => a.line - b.line || a.column - b.column);
  return mistakes.length > 0
    ? { kind: "wrong", mistakes: mistakes.slice(0, mistakesMax) }
    : { kind: "rules", rules };
}

function tooLong(bytes: number, { routingBytesMax }: Limits): ReadRules {
  const text = `the text has ${bytes} bytes; the limit is ${routingBytesMax} (routingBytesMax)`;
  return { kind: "wrong", mistakes: [{ line: 1, column: 1, key: "", text }] };
}

const sections = [
  "default_queue",
  "undeclared_queues",
  "undeclared_channels",
  "aliases",
  "queues",
  "broadcasts",
  "routes",
] as const;

function rulesOf(reading: Reading, { limits, defaults }: RulesReading): RoutingRules {
  const { root } = reading;
  if (reading.mistakes.length === 0 && shapeOf(root) !== "map" && !isNothing(root))
    reading.wrong(root, "must be a map of sections such as queues: and routes:");
  const fields = shapeOf(root) === "map" ? fieldsOf(root, sections, reading) : {};
  const from = { limits, defaults, reading };
  const names = readNames(fields, { limits, usual: queueNameOf(defaults.queue), reading });
  const isOpen = readOpen(fields.undeclared_queues, reading);
  if (!isOpen && !names.declared.some(({ name }) => name === names.defaultQueue))
    reading.wrong(
      fields.undeclared_queues ?? root,
      `the default queue, "${names.defaultQueue}", is not declared: name one as default_queue`,
    );
  const channels = readChannels(fields.broadcasts, from);
  return {
    defaultQueue: names.defaultQueue,
    isOpen,
    aliases: names.aliases,
    ...readQueues(names, from),
    channels,
    areChannelsOpen: readOpen(fields.undeclared_channels, reading),
    routes: readRoutes(fields.routes, { ...names, channels }, from),
  };
}

function readOpen(value: Value | undefined, reading: Reading): boolean {
  const word = value === undefined ? "allow" : textOf(value, reading);
  if (value !== undefined && word !== undefined && word !== "allow" && word !== "refuse")
    reading.wrong(value, "must be allow or refuse");
  return word !== "refuse";
}
