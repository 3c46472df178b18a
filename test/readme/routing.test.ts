import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { defaults, limits } from "../../server/src/model/limits.ts";
import { readRules } from "../../server/src/routing/read-rules.ts";

const page = readFileSync("docs/routing.md", "utf8");

test("the routing that the page shows is right, and says everything that may be said", () => {
  const [, text = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const read = readRules(text, { limits, defaults });
  expect(read).toMatchObject({ kind: "rules" });
  const known =
    "default_queue undeclared_queues undeclared_channels aliases queues broadcasts routes priority_range limits concurrency rate fallbacks bindings options";
  for (const key of known.split(" ")) expect(text).toContain(`${key}:`);
});

test("the page names every bound of routing", () => {
  for (const name of Object.keys(limits))
    if (/^(routing|routes|bindings|fallbacks|glob)/.test(name)) expect(page).toContain(`\`${name}\``);
});
