import { createTurns } from "../lib/turns.ts";
import type { Namespace, TaskName } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import {
  type Announcement,
  announce,
  type KnownDefinition,
  type TaskDefinition,
} from "../model/task-definition.ts";
import type { Clock } from "../ports/clock.ts";
import type { DefinitionRecord, DefinitionStore } from "../ports/definition-store.ts";
import type { Log } from "../ports/log.ts";
import { createDefinitionCatalogue, type DefinitionCatalogue } from "./definition-catalogue.ts";
import { knownOf, recordOf } from "./definition-record.ts";

/** What tasks there are, as workers announced them. */
export type Definitions = Pick<DefinitionCatalogue, "list" | "defaultsIn"> & {
  /** Keeps what a worker announces; durable when it resolves. DEFINITION_LIMIT_REACHED, and nothing is kept. */
  announce(namespace: Namespace, worker: string, said: readonly TaskDefinition[]): Promise<void>;
  /** DEFINITION_UNKNOWN when there is none. */
  get(namespace: Namespace, name: TaskName): KnownDefinition;
  /** Reads all anew, because another server may have kept others. */
  reread(): Promise<void>;
  /** Forgets one; DEFINITION_UNKNOWN when there is none. */
  remove(namespace: Namespace, name: TaskName): Promise<void>;
};

/** What keeping definitions needs. */
export type DefinitionsDeps = {
  readonly store: DefinitionStore;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  readonly limits: Pick<Limits, "definitionsPerNamespaceMax">;
};

type News = Map<TaskName, KnownDefinition>;

const readAtOnce = 1000;

/** Reads what the store has kept; from then on memory answers, and the store is told what changes. */
export async function openDefinitions({ store, clock, log, limits }: DefinitionsDeps): Promise<Definitions> {
  const catalogue = createDefinitionCatalogue();
  const inTurn = createTurns();
  await readAll(store, catalogue);

  function newsOf(namespace: Namespace, said: readonly Announcement[]): News {
    const news: News = new Map();
    for (const each of said) {
      const { name } = each.definition;
      const next = announce(news.get(name) ?? catalogue.find(namespace, name), each);
      if (next === undefined) continue;
      news.set(name, next);
      if (next.rival !== undefined) warnOfRival(namespace, next, log);
    }
    return news;
  }

  function checkRoom(namespace: Namespace, news: News): void {
    const definitionsMax = limits.definitionsPerNamespaceMax;
    const added = [...news.keys()].filter((name) => catalogue.find(namespace, name) === undefined);
    const beyond = added[Math.max(0, definitionsMax - catalogue.count(namespace))];
    if (beyond !== undefined)
      throw new StemProblem({ reason: "DEFINITION_LIMIT_REACHED", name: beyond, definitionsMax });
  }

  async function take(namespace: Namespace, said: readonly Announcement[]): Promise<void> {
    const news = newsOf(namespace, said);
    checkRoom(namespace, news);
    if (news.size === 0) return;
    await store.putDefinitions(
      [...news].map(([name, next]) => ({ namespace, name, record: recordOf(next) })),
    );
    for (const [name, next] of news) catalogue.enter(namespace, name, next);
  }

  function get(namespace: Namespace, name: TaskName): KnownDefinition {
    const known = catalogue.find(namespace, name);
    if (known === undefined) throw new StemProblem({ reason: "DEFINITION_UNKNOWN", name });
    return known;
  }

  return {
    ...catalogue,
    get,
    announce(namespace, worker, said) {
      const at = clock.now();
      const all = said.map((definition) => ({ definition, worker, at }));
      return inTurn(() => take(namespace, all));
    },
    reread: () => inTurn(() => readAll(store, catalogue)),
    remove: (namespace, name) =>
      inTurn(async () => {
        get(namespace, name);
        await store.removeDefinition(namespace, name);
        catalogue.forget(namespace, name);
      }),
  };
}

async function readAll(store: DefinitionStore, catalogue: DefinitionCatalogue): Promise<void> {
  const all: DefinitionRecord[] = [];
  let page = await store.listDefinitions(undefined, readAtOnce);
  while (page.length > 0) {
    all.push(...page);
    page = await store.listDefinitions(page.at(-1), readAtOnce);
  }
  catalogue.clear();
  for (const { namespace, name, record } of all) catalogue.enter(namespace, name, knownOf(record));
}

function warnOfRival(namespace: Namespace, { current, rival }: KnownDefinition, log: Log): void {
  const of = (each: Announcement | undefined) => ({
    worker: each?.worker,
    version: each?.definition.version,
  });
  log.warn(
    { namespace, name: current.definition.name, current: of(current), rival: of(rival) },
    "workers disagree about a task's definition",
  );
}
