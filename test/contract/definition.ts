import { expect } from "vitest";
import { defaultNamespace, namespaceOf, taskNameOf } from "../../server/src/model/ids.ts";
import type { DefinitionRecord } from "../../server/src/ports/definition-store.ts";
import { bytesOf } from "../support/new-task.ts";
import type { Suite } from "./suite.ts";

const recordOf = (name: string, text: string, namespace = defaultNamespace): DefinitionRecord => ({
  namespace,
  name: taskNameOf(name),
  record: bytesOf(text),
});

/** What is known of tasks by name. */
export function definitionCases({ case: test }: Suite): void {
  test("a definition is kept under its name, replaced and removed", async ({ store }) => {
    await store.putDefinitions([recordOf("mail", "one"), recordOf("mail.send", "other")]);
    await store.putDefinitions([recordOf("mail", "two")]);
    expect(await store.listDefinitions(undefined, 10)).toEqual([
      recordOf("mail", "two"),
      recordOf("mail.send", "other"),
    ]);
    expect(await store.removeDefinition(defaultNamespace, taskNameOf("mail"))).toBe(true);
    expect(await store.removeDefinition(defaultNamespace, taskNameOf("mail"))).toBe(false);
    expect(await store.removeDefinition(namespaceOf("nowhere"), taskNameOf("mail.send"))).toBe(false);
    expect(await store.listDefinitions(undefined, 10)).toEqual([recordOf("mail.send", "other")]);
  });

  test("definitions are listed by namespace and name, page by page", async ({ store }) => {
    const other = namespaceOf("other");
    const all = [
      recordOf("B", "1"),
      recordOf("a", "2"),
      recordOf("a.b", "3"),
      recordOf("A", "4", other),
      recordOf("a", "5", other),
    ];
    await store.putDefinitions([...all].reverse());
    expect(await store.listDefinitions(undefined, 3)).toEqual(all.slice(0, 3));
    const place = { namespace: defaultNamespace, name: taskNameOf("a.b") };
    expect(await store.listDefinitions(place, 3)).toEqual(all.slice(3));
    expect(await store.listDefinitions({ namespace: other, name: undefined }, 1)).toEqual([all[3]]);
    expect(await store.listDefinitions({ namespace: other, name: taskNameOf("a") }, 1)).toEqual([]);
  });

  test("a definition is the store's own: changing what was given or got changes nothing", async ({
    store,
  }) => {
    const given = recordOf("mail", "abc");
    await store.putDefinitions([given]);
    given.record[0] = 0;
    const [got] = await store.listDefinitions(undefined, 1);
    expect(got).toEqual(recordOf("mail", "abc"));
    got?.record.fill(0);
    expect(await store.listDefinitions(undefined, 1)).toEqual([recordOf("mail", "abc")]);
  });
}
