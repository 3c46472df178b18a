import type { Runner } from "./runner.ts";
import { numberOf } from "./unpacked.ts";

/**
 * What servers keep in memory and hardly ever changes: namespaces, routing, definitions and keys. The store counts the changes of it, each
 * in the script that makes it; those of namespaces, which stand elsewhere, behind it.
 */
export type Rules = {
  /** Looks whether there were changes since it was last asked, and tells who wants to know. */
  look(): Promise<void>;
};

/** Makes them. Nothing counts as changed before the first look. */
export function createRules(runner: Runner, onChange: () => void): Rules {
  let known: number | undefined;
  return {
    async look() {
      const found = numberOf(await runner.ofStore("countRules", false));
      const isOther = known !== undefined && found !== known;
      known = found;
      if (isOther) onChange();
    },
  };
}

/** A namespace was changed, which stands in another place than the count of such changes. */
export async function raiseRules(runner: Runner): Promise<void> {
  await runner.ofStore("raiseRules", false, true);
}
