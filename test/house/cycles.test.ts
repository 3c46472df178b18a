import { expect, test } from "vitest";
import { importGraph } from "./imports.ts";
import { expectNone, lookedAt } from "./source-files.ts";

/** One import path through each cycle that a depth-first walk meets. */
function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (path.includes(file) || done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return cycles;
}

test("no file imports itself by way of others, not even its types", () => {
  const graph = importGraph();
  lookedAt("cycles", graph.length, 140);
  expectNone(cyclesIn(new Map(graph.map(({ file, targets }) => [file, targets]))));
});

test("a cycle is found and shown", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c", "d"]],
    ["c", ["a"]],
    ["d", []],
  ]);
  expect(cyclesIn(graph)).toEqual(["a → b → c → a"]);
});
