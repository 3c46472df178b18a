import { StemProblem } from "../model/problem.ts";
import type { Log } from "../ports/log.ts";
import type { NamespaceView } from "../ports/namespace-view.ts";
import type { Broadcasts } from "./broadcasts.ts";
import type { Definitions } from "./definitions.ts";
import type { OpenSession } from "./listening.ts";

/** What taking in a worker's greeting needs. */
export type GreetingParts = {
  readonly definitions: Pick<Definitions, "announce">;
  readonly broadcasts: Pick<Broadcasts, "openSession">;
};

/** Makes what opens sessions: first what the worker announced is kept, so that it is in force when the worker is welcomed. */
export function createGreeting(
  { definitions, broadcasts }: GreetingParts,
  { log, namespaces }: { readonly log: Log; readonly namespaces: Pick<NamespaceView, "stateOf"> },
): OpenSession {
  return async (hello, events) => {
    const { namespace, worker, definitions: said } = hello;
    try {
      // What is announced where all is being deleted would be left over.
      if (said.length > 0 && namespaces.stateOf(namespace) !== "deleting")
        await definitions.announce(namespace, worker, said);
    } catch (error) {
      // A store that is full or away must not keep workers from settling: the next greeting announces it again.
      if (!(error instanceof StemProblem) || !isOfStore(error)) throw error;
      log.warn({ err: error, namespace, worker }, "what a worker announced could not be kept");
    }
    return broadcasts.openSession(hello, events);
  };
}

const isOfStore = ({ problem: { reason } }: StemProblem): boolean =>
  reason === "STORE_FULL" || reason === "STORE_UNAVAILABLE";
