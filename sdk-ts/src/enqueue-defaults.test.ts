import { expect, test } from "vitest";
import { defineTask } from "./define-task.ts";
import { optionsOf, withEnqueueDefaults, withoutEnqueueDefaults } from "./enqueue-defaults.ts";

const mail = defineTask<[], void>({
  name: "mail",
  options: { headers: { from: "definition", a: "1" }, tags: ["mail"] },
});

test("defaults of a scope are over the definition's and under the call's own, key by key", () => {
  const metadata = { run: "7" };
  const scope = { headers: { from: "scope", tenant: "t" }, tags: ["nightly"], metadata };
  const options = withEnqueueDefaults(scope, () => optionsOf(mail.call([], { headers: { tenant: "call" } })));
  const headers = { from: "scope", a: "1", tenant: "call" };
  expect(options).toEqual({ headers, tags: ["mail", "nightly"], metadata });
});

test("scopes are nested, and end where they end", () => {
  withEnqueueDefaults({ headers: { a: "outer", b: "outer" }, tags: ["outer"] }, () => {
    const inner = withEnqueueDefaults({ headers: { b: "inner" }, tags: ["inner"] }, () =>
      optionsOf(mail.call()),
    );
    expect(inner).toMatchObject({
      headers: { a: "outer", b: "inner" },
      tags: ["mail", "outer", "inner"],
    });
    expect(optionsOf(mail.call()).headers).toMatchObject({ b: "outer" });
  });
  expect(optionsOf(mail.call())).toEqual({ headers: { from: "definition", a: "1" }, tags: ["mail"] });
});

test("a scope follows what is waited for, and not what goes on beside it", async () => {
  const beside = Promise.resolve().then(() => optionsOf(mail.call()));
  const within = withEnqueueDefaults({ tags: ["scoped"] }, async () => {
    await Promise.resolve();
    return optionsOf(mail.call());
  });
  expect((await within).tags).toEqual(["mail", "scoped"]);
  expect((await beside).tags).toEqual(["mail"]);
});

test("a scope can be left for a while", () => {
  const tags = withEnqueueDefaults({ tags: ["scoped"] }, () =>
    withoutEnqueueDefaults(() => optionsOf(mail.call()).tags),
  );
  expect(tags).toEqual(["mail"]);
});
