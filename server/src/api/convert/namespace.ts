import { defaultNamespace, type Namespace, namespaceOf } from "../../model/ids.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { NamespaceView } from "../../ports/namespace-view.ts";
import { fieldText } from "./field-text.ts";

/**
 * The namespace that a request means. Throws FIELD_INVALID where its name cannot be one, NAMESPACE_UNKNOWN where there is none, and
 * NAMESPACE_DISABLED where it is being deleted, but for "ending": what brings work to its end there, or speaks of its items one by one.
 */
export type NamespaceOf = (requested: string | undefined, purpose?: "ending") => Namespace;

const namespacePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Checks namespaces against those the server knows. A request that names none means "default". */
export function createNamespaces({ stateOf }: Pick<NamespaceView, "stateOf">): NamespaceOf {
  return (requested, purpose) => {
    const name = requested ?? defaultNamespace;
    if (!namespacePattern.test(name)) throw fieldInvalid("namespace", fieldText.namespace);
    const state = stateOf(name);
    if (state === undefined) throw new StemProblem({ reason: "NAMESPACE_UNKNOWN", namespace: name });
    if (state === "deleting" && purpose !== "ending")
      throw new StemProblem({ reason: "NAMESPACE_DISABLED", namespace: name, state });
    return namespaceOf(name);
  };
}
