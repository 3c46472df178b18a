/** Which names of queues there are in a routing configuration, and what each stands for. */

import {
  type Entry,
  fieldsOf,
  listOf,
  mapOf,
  type Reading,
  shapeOf,
  textOf,
  type Value,
} from "../lib/document.ts";
import { suggestion as sayNearest } from "../lib/nearest.ts";
import { type QueueName, queueNameOf } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";

const queuePattern = /^[A-Za-z0-9_][A-Za-z0-9_.:@/-]*$/;

/** Answers the queue that a name in the configuration stands for; says so where it stands for none. */
export type QueueNamed = (value: Value) => QueueName | undefined;

/** The names of a configuration. */
export type Names = {
  readonly declared: readonly Entry[];
  /** Each with the queue that it leads to in the end. */
  readonly aliases: ReadonlyMap<QueueName, QueueName>;
  readonly defaultQueue: QueueName;
  /** Where tasks of the default queue go while nobody takes from it. */
  readonly defaultFallbacks: readonly QueueName[];
  readonly queueNamed: QueueNamed;
};

/** Where names stand. */
export type NameFields = {
  readonly queues?: Value;
  readonly aliases?: Value;
  readonly default_queue?: Value;
};

/** Reads all names. `usual`: the queue of tasks that name none, where nobody says otherwise. */
export function readNames(fields: NameFields, { limits, usual, reading }: NameReading): Names {
  const declared = fields.queues ? mapOf(fields.queues, reading) : [];
  for (const { name, at } of declared) checkQueueName(name, at, limits, reading);
  const isDeclared = new Set(declared.map(({ name }) => name));
  const { aliases } = fields;
  const names = {
    isDeclared,
    aliases: aliases ? readAliases(aliases, isDeclared, { limits, usual, reading }) : new Map(),
  };
  const queueNamed = createQueueNamed(names, reading);
  const found =
    fields.default_queue &&
    readDefault(fields.default_queue, { ...names, queueNamed, usual, limits, reading });
  return {
    declared,
    queueNamed,
    aliases: names.aliases,
    defaultQueue: found?.queue ?? usual,
    defaultFallbacks: found?.fallbacks ?? [],
  };
}

/** Aliases come to be while names are read, and count from then on. */
type NamesSoFar = { readonly isDeclared: ReadonlySet<string>; readonly aliases: Map<QueueName, QueueName> };

const createQueueNamed =
  ({ isDeclared, aliases }: NamesSoFar, reading: Reading): QueueNamed =>
  (value) => {
    const name = textOf(value, reading);
    if (name === undefined) return undefined;
    const found = aliases.get(queueNameOf(name)) ?? (isDeclared.has(name) ? queueNameOf(name) : undefined);
    if (found !== undefined) return found;
    const near = suggestion(name, [...isDeclared, ...aliases.keys()]);
    return reading.wrong(value, `there is no queue "${name}" below queues${near}`);
  };

type NameReading = { readonly limits: Limits; readonly usual: QueueName; readonly reading: Reading };

/** Beyond these a text is a machine's, and a look at every name would take long. */
const suggestedMax = { chars: 64, candidates: 1000 };

function suggestion(word: string, candidates: readonly string[]): string {
  if (word.length > suggestedMax.chars || candidates.length > suggestedMax.candidates) return "";
  return sayNearest(word, candidates);
}

/** Says so where a text cannot be the name of a queue. */
export function checkQueueName(name: string, at: Value, limits: Limits, reading: Reading): void {
  if (!queuePattern.test(name) || name.length > limits.nameCharsMax)
    reading.wrong(
      at,
      `must be 1 to ${limits.nameCharsMax} of A-Z a-z 0-9 _ . : @ / - and begin with a letter, a digit or _`,
    );
}

/** Aliases may lead to aliases, but every way ends at a declared queue. */
function readAliases(
  value: Value,
  isDeclared: ReadonlySet<string>,
  { limits, reading }: NameReading,
): Map<QueueName, QueueName> {
  const targets = new Map<string, string>();
  const entries = mapOf(value, reading);
  for (const { name, at, value: target } of entries) {
    checkQueueName(name, at, limits, reading);
    if (isDeclared.has(name))
      reading.wrong(at, "is declared below queues, too: it is either a queue or another name for one");
    const text = textOf(target, reading);
    if (text !== undefined) targets.set(name, text);
  }
  const flat = new Map<QueueName, QueueName>();
  for (const { name, at } of entries) {
    if (!targets.has(name)) continue;
    const way = wayOf(name, targets, limits.fallbacksMax);
    const end = way.at(-1) ?? name;
    if (way.indexOf(end) < way.length - 1) reading.wrong(at, `leads round in a circle: ${way.join(" → ")}`);
    else if (targets.has(end))
      reading.wrong(at, `leads through more than ${limits.fallbacksMax} other names (fallbacksMax)`);
    else if (isDeclared.has(end)) flat.set(queueNameOf(name), queueNameOf(end));
    else
      reading.wrong(
        at,
        `there is no queue "${end}" below queues${suggestion(end, [...isDeclared, ...targets.keys()])}`,
      );
  }
  return flat;
}

/** From a name to the first that is no alias, or that was there before; or so many steps. */
function wayOf(name: string, targets: ReadonlyMap<string, string>, stepsMax: number): readonly string[] {
  const way = [name];
  for (let next = targets.get(name); next !== undefined && way.length <= stepsMax; next = targets.get(next)) {
    way.push(next);
    if (way.indexOf(next) < way.length - 1) break;
  }
  return way;
}

type DefaultReading = NameReading & NamesSoFar & { readonly queueNamed: QueueNamed };

/** The default queue, under a name of its own: `default`, unless it has another or is a queue itself. */
function readDefault(
  value: Value,
  from: DefaultReading,
): { readonly queue: QueueName | undefined; readonly fallbacks: readonly QueueName[] } {
  const { reading, queueNamed, usual } = from;
  const isLong = shapeOf(value) === "map";
  const fields = isLong ? fieldsOf(value, ["queue", "alias", "fallbacks"], reading) : { queue: value };
  if (fields.queue === undefined) reading.wrong(value, "must name its queue");
  const queue = fields.queue && queueNamed(fields.queue);
  const alias = fields.alias ? textOf(fields.alias, reading) : usual;
  if (queue !== undefined && alias !== undefined && alias !== queue) {
    if (fields.alias) checkQueueName(alias, fields.alias, from.limits, reading);
    nameDefault(queueNameOf(alias), queue, fields.alias ?? value, from);
  }
  const fallbacks = fields.fallbacks ? listOf(fields.fallbacks, reading) : [];
  return { queue, fallbacks: fallbacks.flatMap((item) => queueNamed(item) ?? []) };
}

function nameDefault(
  alias: QueueName,
  queue: QueueName,
  at: Value,
  { isDeclared, aliases, reading }: DefaultReading,
): void {
  const other = aliases.get(alias);
  if (isDeclared.has(alias))
    reading.wrong(
      at,
      `tasks of the default queue go to "${queue}", but "${alias}" is a queue, too: give default_queue.alias another name`,
    );
  else if (other !== undefined && other !== queue)
    reading.wrong(at, `the alias "${alias}" would stand for two queues, "${other}" and "${queue}"`);
  aliases.set(alias, queue);
}
