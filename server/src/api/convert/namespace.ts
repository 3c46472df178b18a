import { defaultNamespace, type Namespace, namespaceOf } from "../../model/ids.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import { fieldText } from "./field-text.ts";

/** The namespace that a request means. Throws FIELD_INVALID where its name cannot be one, NAMESPACE_UNKNOWN where there is none. */
export type NamespaceOf = (requested: string | undefined) => Namespace;

const namespacePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Checks namespaces against those the server knows. A request that names none means "default". */
export function createNamespaces(known: readonly string[]): NamespaceOf {
  const names = new Map(known.map((name) => [name, namespaceOf(name)]));
  return (requested) => {
    const name = requested ?? defaultNamespace;
    const found = names.get(name);
    if (found !== undefined) return found;
    if (!namespacePattern.test(name)) throw fieldInvalid("namespace", fieldText.namespace);
    throw new StemProblem({ reason: "NAMESPACE_UNKNOWN", namespace: name });
  };
}
