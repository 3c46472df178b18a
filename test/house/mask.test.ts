import { expect, test } from "vitest";
import { importsOf } from "./imports.ts";
import { mask } from "./mask.ts";

test("comments, strings, templates and regular expressions are taken out, lines stay", () => {
  const text = [
    'const a = "Date.now()"; // Date.now()',
    "/* Date.now()",
    " */ const b = `Date.now() ${c ? `${d}` : '{'} Date.now()`;",
    "const e = /[\"'/]Date.now()/.test(f) ? g / h / i : j;",
    "const k = 'it\\'s';",
  ].join("\n");
  const { code, strings } = mask(text);
  expect(code).not.toContain("Date.now");
  expect(code.split("\n")).toHaveLength(5);
  expect(code).toContain("g / h / i");
  expect(strings).toEqual(["Date.now()", "{", "it\\'s"]);
});

test("every form of import is seen, and nothing that only looks like one", () => {
  const text = [
    'import "./effect.ts";',
    "import {",
    "  type A, // from 'nowhere'",
    "  b as c,",
    "} from './many.ts';",
    'import type { D } from "./type.ts";',
    'import E, * as F from "pkg";',
    'export * from "./star.ts";',
    "export type { G } from './re-export.ts';",
    'const h = await import("./lazy.ts");',
    'type I = import("./inline-type.ts").I;',
    '// import "./comment.ts";',
    "const j = 'import \"./string.ts\"';",
    'const k = `import "./template.ts"`;',
    'export const from = "./value.ts";',
  ].join("\n");
  expect(importsOf(text)).toEqual([
    "./effect.ts",
    "./many.ts",
    "./type.ts",
    "pkg",
    "./star.ts",
    "./re-export.ts",
    "./lazy.ts",
    "./inline-type.ts",
  ]);
});
