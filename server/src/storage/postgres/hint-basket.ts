import type { Hint } from "./hint-messages.ts";
import type { Brought } from "./work.ts";

/** Hints that are gathered, each thing once. */
export type Basket = {
  add(brought: Pick<Brought, "ready" | "told">): void;
  isEmpty(): boolean;
  /** All of them, which then are there no more; what waits least comes first. */
  take(): readonly Hint[];
};

/** So many are gathered; of tasks that changed beyond that nothing is told. */
const hintsMax = 20_000;

/** Makes an empty one. */
export function createBasket(): Basket {
  let hints = new Map<string, Hint>();

  function put(hint: Hint): void {
    const [kind, namespace, name, count = 0] = hint;
    const key = `${kind} ${namespace} ${name}`;
    const before = hints.get(key)?.[3] ?? 0;
    hints.set(key, kind === "ready" ? [kind, namespace, name, count + before] : hint);
  }

  return {
    add({ ready, told }) {
      for (const { queue, by } of ready) put(["ready", queue.namespace, queue.name, by]);
      for (const { namespace, id } of told.cancelled) put(["cancelled", namespace, id]);
      for (const { namespace, queue } of told.emitted) put(["emitted", namespace, queue]);
      for (const { namespace, id } of told.changed)
        if (hints.size < hintsMax) put(["changed", namespace, id]);
    },
    isEmpty: () => hints.size === 0,
    take() {
      const all = [...hints.values()];
      hints = new Map();
      return all.sort(([a], [b]) => Number(a === "changed") - Number(b === "changed"));
    },
  };
}
