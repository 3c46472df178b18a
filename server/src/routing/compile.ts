/** From texts to what decides, and what is said of those that are wrong. */

import type { Mistake } from "../lib/document.ts";
import { queueNameOf } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import { type RulesReading, readRules } from "./read-rules.ts";
import { createTable, type RoutingTable } from "./table.ts";

/** The configuration of routing is not right: a sentence for each thing that is wrong, with file, line and key. */
export class RoutingError extends Error {
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(mistakes.join("\n"));
    this.name = "RoutingError";
    this.mistakes = mistakes;
  }
}

/** The decision structure of a text; undefined for one that says nothing. Throws FIELD_INVALID for one that is wrong. */
export function compile(text: string, deps: RulesReading): RoutingTable | undefined {
  if (text.trim() === "") return undefined;
  const read = readRules(text, deps);
  if (read.kind === "rules") return createTable(read.rules, deps.defaults);
  const violations = read.mistakes.map((mistake) => ({ field: "config", description: sayMistake(mistake) }));
  throw new StemProblem({ reason: "FIELD_INVALID", violations });
}

/** The same of a text that has a name. Throws RoutingError. */
export function tableFrom(name: string, text: string, deps: RulesReading): RoutingTable | undefined {
  const mistakes = mistakesOf(text, deps);
  if (mistakes.length > 0)
    throw new RoutingError(mistakes.map((mistake) => `${name}:${sayMistake(mistake)}`));
  return compile(text, deps);
}

/** All that is wrong with a text. */
export function mistakesOf(text: string, deps: RulesReading): readonly Mistake[] {
  const read = readRules(text, deps);
  return read.kind === "wrong" ? read.mistakes : [];
}

/** Such as `12:3: queues.mail.priority_range: must be …`. */
const sayMistake = ({ line, column, key, text }: Mistake): string =>
  `${line}:${column}: ${key === "" ? "" : `${key}: `}${text}`;

/** The rules of a namespace that has none. */
export function emptyTable({ defaults }: RulesReading): RoutingTable {
  const defaultQueue = queueNameOf(defaults.queue);
  const nothing = { aliases: new Map(), queues: new Map(), channels: new Map(), bindings: [], routes: [] };
  return createTable({ ...nothing, defaultQueue, isOpen: true, areChannelsOpen: true }, defaults);
}
