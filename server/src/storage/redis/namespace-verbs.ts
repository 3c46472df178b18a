import type { Namespace } from "../../model/ids.ts";
import { type NamespaceRecord, newNamespace, unsaidNamespace } from "../../model/namespace.ts";
import type { NamespaceOpening, NamespaceStore } from "../../ports/namespace-store.ts";
import { moveEvents } from "./event-verbs.ts";
import type { Packable } from "./msgpack.ts";
import { raiseRules } from "./rules.ts";
import type { Runner, Verb } from "./runner.ts";
import { listOf, maybe, numberOf, textOf } from "./unpacked.ts";

const operation = (name: string, grows = false): Verb => ({ room: "operations", name, grows });

/** Namespaces: a record stands in its namespace, where verbs obey it; the list of names stands beside. */
export const createNamespaceVerbs = (runner: Runner): NamespaceStore => ({
  openNamespaces: (opening) => openNamespaces(runner, opening),
  createNamespace: (record) => create(runner, record),
  async updateNamespace(record) {
    const answer = await runner.ofSpace(record.name, operation("updateNamespace"), recordArgs(record));
    if (textOf(answer) === "done") await raiseRules(runner);
    return textOf(answer) as "done" | "conflict";
  },
  async readNamespaceUse(namespace) {
    const [queues, tasks, bytes] = listOf(
      await runner.ofSpace(namespace, operation("readNamespaceUse"), false),
    );
    return {
      queues: numberOf(queues),
      backlogTasks: numberOf(tasks),
      backlogBytes: maybe(bytes, numberOf),
    };
  },
  async clearNamespace(namespace, now, limit) {
    const answer = textOf(await runner.ofSpace(namespace, operation("clearNamespace"), [now, limit]));
    if (answer === "gone") {
      // Its last events are told although it is not there, and then nobody asks it any more.
      await moveEvents(runner, namespace);
      await runner.unlist(namespace);
      await raiseRules(runner);
    }
    return answer as "more" | "leased" | "gone";
  },
});

async function create(runner: Runner, record: NamespaceRecord): Promise<"done" | "exists"> {
  const answer = await runner.making(record.name, operation("createNamespace", true), recordArgs(record));
  if (textOf(answer) === "done") await raiseRules(runner);
  return textOf(answer) as "done" | "exists";
}

async function openNamespaces(
  runner: Runner,
  { names, queueCreation, now }: NamespaceOpening,
): Promise<readonly NamespaceRecord[]> {
  runner.setEnv({ creation: queueCreation });
  await Promise.all(names.map((name) => create(runner, newNamespace(name, unsaidNamespace, now))));
  const records = await Promise.all((await runner.names()).map((name) => readRecord(runner, name)));
  return records.flatMap((record) => record ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const readRecord = async (runner: Runner, name: Namespace): Promise<NamespaceRecord | undefined> =>
  maybe(await runner.ofSpace(name, operation("readRecord"), false), (text) => recordOf(textOf(text)));

/** What is undefined is not in the text. */
function recordOf(text: string): NamespaceRecord {
  const { settings, ...record } = JSON.parse(text) as NamespaceRecord;
  return {
    ...record,
    settings: {
      ...unsaidNamespace,
      ...settings,
      quotas: { ...unsaidNamespace.quotas, ...settings.quotas },
    },
  };
}

/** The record as it is kept, and what of it verbs obey. */
function recordArgs(record: NamespaceRecord): Packable {
  const { quotas, queueCreation } = record.settings;
  return [
    JSON.stringify(record),
    [record.state, quotas.queues, quotas.backlogTasks, quotas.backlogBytes, queueCreation, record.revision],
  ];
}
