import type { Namespace } from "../model/ids.ts";
import type { NamespaceState } from "../model/namespace.ts";

/** What there is of namespaces, for whoever does something in them. Answers at once, from memory. */
export interface NamespaceView {
  /** All names, in order. */
  names(): readonly Namespace[];
  /** The state of a well-formed name; undefined where there is no such namespace. One that comes into being by use does so here. */
  stateOf(name: string): NamespaceState | undefined;
  /** Whether its queues have to be made before they are used. */
  hasExplicitQueues(namespace: Namespace): boolean;
}
