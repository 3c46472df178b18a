/**
 * The scripts that do what verbs ask, put together from their modules. Each script is one step that nothing comes between: it validates,
 * and only then writes. A verb of a namespace runs in the script of its room, so that the busiest load no more than they need.
 */

import { createHash } from "node:crypto";
import { acceptPlainModule } from "./accept-plain.ts";
import { base, ending } from "./base.ts";
import { claimModule } from "./claim.ts";
import { core } from "./core.ts";
import { leaseModule } from "./lease.ts";
import { operations } from "./operations.ts";
import { readsModule } from "./reads.ts";
import { storeWide } from "./store-wide.ts";

/** A script, and the digest by which it is called once a server knows it. */
export type Script = { readonly text: string; readonly sha: string };

/** A module's own names end with it. */
type Module = readonly [name: string, text: string];

const life: readonly Module[] = [
  ["acceptPlain", acceptPlainModule],
  ["claim", claimModule],
  ["lease", leaseModule],
  ["reads", readsModule],
];
const shared = [
  ...["space", "queues", "rows", "tasks", "gates", "changes", "accept", "claims", "lease", "news"],
  ...["ends", "barriers", "linkedIds", "schedules"],
];

/** Declares the tables that modules share, each with the modules that make its functions, and the modules behind them. */
function textOf(modules: readonly Module[]): string {
  const tables = shared.map((table) => {
    const homes = modules
      .filter(([, text]) => text.includes(`function ${table}.`))
      .map(([name]) => `"${name}"`);
    return `local ${table} = madeBy(${homes.join(", ")})\n`;
  });
  const loaders = modules.map(([name, text]) => `modules["${name}"] = function()${text}end\n`);
  return tables.join("") + loaders.join("");
}

/** The module that has a verb. */
export const homeOf = (verb: string): string => homes.get(verb) ?? "";

const homes = new Map(
  [...core, ...life, ...operations].flatMap(([name, text]) =>
    [...text.matchAll(/^function verbs\.(\w+)/gm)].map((match): [string, string] => [match[1] ?? "", name]),
  ),
);

/**
 * `grows`: a server that is out of memory refuses it before it begins, so that nothing is half written; the others go on, because they
 * are what makes room again.
 */
function scriptOf(text: string, grows: boolean): Script {
  const whole = `#!lua${grows ? "" : " flags=allow-oom"}\n${text}`;
  return { text: whole, sha: createHash("sha1").update(whole).digest("hex") };
}

const both = (text: string) => ({ growing: scriptOf(text, true), frugal: scriptOf(text, false) });

const ofSpace = (modules: readonly Module[]) => both(base + textOf([...core, ...modules]) + ending);

/** By room: the life of tasks, what is done about it by operators and upkeep, and what spans namespaces. */
export const scripts = {
  life: ofSpace(life),
  operations: ofSpace([["lease", leaseModule], ...operations]),
  store: both(storeWide),
} as const;

/** A room of scripts. */
export type ScriptRoom = keyof typeof scripts;
