import type { Namespace } from "../model/ids.ts";
import type { RoutingRecord } from "../model/route.ts";
import type { Store } from "../ports/store.ts";
import { tableFrom } from "./compile.ts";
import { type KeptRouting, readKept, routingKeyOf } from "./kept-routing.ts";
import type { RulesReading } from "./read-rules.ts";
import type { RoutingTable } from "./table.ts";

/** What is in force in a namespace: what is kept of it, and what decides. */
export type InForce = KeptRouting & { readonly table: RoutingTable | undefined };

/** What is in force everywhere, as this server knows it. */
export type Spaces = {
  of(namespace: Namespace): InForce;
  record(namespace: Namespace): RoutingRecord;
  /** Reads what the store keeps. True: that is new here. Throws RoutingError for a text that is not right. */
  read(namespace: Namespace): Promise<boolean>;
  put(namespace: Namespace, next: InForce): void;
  drop(namespace: Namespace): void;
};

/** What this needs. */
export type SpacesDeps = RulesReading & {
  readonly store: Pick<Store, "getMeta">;
  /** The text of a file that the server was started with, which then holds for every namespace; `name` for errors. */
  readonly file?: { readonly name: string; readonly text: string } | undefined;
};

/** What a namespace has of which nothing was ever kept. */
export const nothingKept: KeptRouting = { revision: 0, text: "" };

/** Knows of no namespace yet. Throws RoutingError for a file that is not right. */
export function createSpaces(deps: SpacesDeps): Spaces {
  const { store, file } = deps;
  const fromFile = file && tableFrom(file.name, file.text, deps);
  const spaces = new Map<Namespace, InForce>();
  // What a namespace has that came later.
  const unsaidYet: InForce = { ...nothingKept, table: fromFile };
  const inForce = (namespace: Namespace): InForce => spaces.get(namespace) ?? unsaidYet;
  return {
    of: inForce,
    record(namespace) {
      const { text, revision } = inForce(namespace);
      if (file) return { namespace, text: file.text, revision, source: "file" };
      return { namespace, text, revision, source: text === "" ? "none" : "store" };
    },
    async read(namespace) {
      const kept = readKept(await store.getMeta(routingKeyOf(namespace)));
      const known = spaces.get(namespace);
      if (known?.text === kept.text && known.revision === kept.revision) return false;
      const name = `the routing of namespace ${namespace}, which the store keeps`;
      spaces.set(namespace, { ...kept, table: file ? fromFile : tableFrom(name, kept.text, deps) });
      return true;
    },
    put: (namespace, next) => void spaces.set(namespace, next),
    drop: (namespace) => void spaces.delete(namespace),
  };
}
