import type { Namespace } from "../../model/ids.ts";
import type { Hint, Hints } from "./hints.ts";
import type { Unpacked } from "./msgpack.ts";
import type { Rules } from "./rules.ts";
import { listOf, numberOf, textOf } from "./unpacked.ts";
import type { createVerbs } from "./verbs.ts";

type Verbs = ReturnType<typeof createVerbs>;

const rulesHint: Hint = ["rules", "", ""];

/** The hints that tasks of some queues have become ready, as scripts tell it. */
export const readyHints = (namespace: Namespace, ready: Unpacked): Hint[] =>
  listOf(ready).map((pair) => {
    const [name, count] = listOf(pair);
    return ["ready", namespace, textOf(name), numberOf(count)];
  });

/** The same verbs, which also tell other servers what they did; and openGates, which upkeep asks for every second, looks what those did. */
export function tellingVerbs(verbs: Verbs, hints: Hints, rules: Rules): Verbs {
  /** A verb that changes what all keep in memory. */
  const ruling =
    <Args extends readonly unknown[], Answer>(verb: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      const answer = await verb(...args);
      hints.tell([rulesHint]);
      return answer;
    };

  return {
    ...verbs,
    ...tellingTasks(verbs, hints),
    putMeta: ruling(verbs.putMeta),
    swapMeta: ruling(verbs.swapMeta),
    putDefinitions: ruling(verbs.putDefinitions),
    removeDefinition: ruling(verbs.removeDefinition),
    createNamespace: ruling(verbs.createNamespace),
    updateNamespace: ruling(verbs.updateNamespace),
    async emitQueueEvent(event) {
      const verdict = await verbs.emitQueueEvent(event);
      if ("kind" in verdict && verdict.kind === "emitted")
        hints.tell([["emitted", event.ref.namespace, event.ref.queue]]);
      return verdict;
    },
    async openGates(now) {
      await rules.look();
      return verbs.openGates(now);
    },
  };
}

function tellingTasks(
  verbs: Verbs,
  hints: Hints,
): Pick<Verbs, "claim" | "settle" | "apply" | "edit" | "expireOverdue" | "writeOutput"> {
  return {
    async claim(want) {
      const claimed = await verbs.claim(want);
      hints.tellChanged(() => claimed.map(({ id }) => ({ namespace: want.namespace, id })));
      return claimed;
    },
    async settle(settlements) {
      const verdicts = await verbs.settle(settlements);
      hints.tellChanged(() => settlements.filter((_, at) => verdicts[at]?.kind === "applied"));
      return verdicts;
    },
    async apply(changes) {
      const verdicts = await verbs.apply(changes);
      const applied = changes.filter((_, at) => verdicts[at] === "applied");
      hints.tellChanged(() => applied.map(({ ref }) => ref));
      const stopping = applied.filter(({ change }) => change.state === "leased" && change.cancel);
      hints.tell(stopping.map(({ ref }): Hint => ["cancelled", ref.namespace, ref.id]));
      return verdicts;
    },
    async edit(edits) {
      const verdicts = await verbs.edit(edits);
      hints.tellChanged(() => edits.filter((_, at) => verdicts[at] === "applied").map(({ ref }) => ref));
      return verdicts;
    },
    async expireOverdue(now, limit) {
      const found = await verbs.expireOverdue(now, limit);
      hints.tellChanged(() => found.expired);
      return found;
    },
    async writeOutput(writes) {
      const verdicts = await verbs.writeOutput(writes);
      hints.tellChanged(() => writes.filter((_, at) => verdicts[at]?.kind === "written"));
      return verdicts;
    },
  };
}
