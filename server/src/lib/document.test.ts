import { expect, test } from "vitest";
import { fieldsOf, mapOf, openDocument, placeOf } from "./document.ts";
import { jsonOf } from "./document-json.ts";

/** Each mistake of a text that is read as JSON, as `line:column key: text`. */
function mistakesOf(text: string, nestingMax = 8): readonly string[] {
  const reading = openDocument(text, nestingMax);
  jsonOf(reading.root, reading, nestingMax);
  return reading.mistakes.map((each) => `${each.line}:${each.column} ${each.key}: ${each.text}`);
}

function readAs(text: string): unknown {
  const reading = openDocument(text, 8);
  const json = jsonOf(reading.root, reading, 8);
  expect(reading.mistakes).toEqual([]);
  return json;
}

test("YAML 1.2 and JSON are read alike", () => {
  expect(readAs('{"a": [1, -2.5, "x\\u00e9\\/", true, null, {}]}')).toEqual({
    a: [1, -2.5, "xé/", true, null, {}],
  });
  expect(readAs("a: [yes, 0o10, ~, 2026-01-01T00:00:00Z]\nb: |\n  two\n  lines\n1.10:\n'':\n")).toEqual({
    ...{ a: ["yes", 8, null, "2026-01-01T00:00:00Z"], b: "two\nlines\n" },
    ...{ "1.10": null, "": null },
  });
  expect(readAs("%YAML 1.1\n---\na: yes\n<<: 1\n")).toEqual({ a: "yes", "<<": 1 });
  expect(Object.keys(readAs("__proto__: { a: 1 }") as object)).toEqual(["__proto__"]);
  expect(readAs("")).toBe(null);
});

test.each([
  ["a name that is there twice", "a: 1\nb: 2\na: 3\n", "3:1 a: is there twice"],
  ["the same in JSON", '{"a": {"b": 1,\n "b": 2}}', "2:2 a.b: is there twice"],
  ["an alias", "a: &x [1]\nb: *x\n", "2:4 b: YAML aliases are not taken: write it out"],
  ["an alias in a list", "a: &x 1\nb:\n - *x\n", "3:4 b[0]: YAML aliases are not taken: write it out"],
  ["a name that is a list", "? [a]\n: 1\n", "1:3 ?: has a name that is not a text"],
  ["a tag of its own", "a: !mine 1\n", "1:4 : Unresolved tag: !mine"],
  ["a tag that JSON does not know", "a: !!binary aGk=\n", "1:4 : Unresolved tag: tag:yaml.org,2002:binary"],
  [
    "several documents",
    "a: 1\n---\nb: 1\n",
    "2:1 : Source contains multiple documents; please use YAML.parseAllDocuments()",
  ],
  [
    "a bracket that is left open",
    "a: [1\n",
    "2:1 : Flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
  ["no number of JSON", "a: .nan\n", "1:4 a: must be something that JSON can say"],
  [
    "a number that would change",
    "a: 9007199254740993\n",
    "1:4 a: is a number too long to be kept exactly: put it in quotes",
  ],
])("%s is told with its place", (_, text, mistake) => {
  expect(mistakesOf(text)).toContain(mistake);
});

test("what is nested too deeply is refused, whatever brackets stand in words", () => {
  const deep = "1:1 : is nested too deeply";
  expect(mistakesOf(`${"[".repeat(9)}${"]".repeat(9)}`)).toEqual([deep]);
  expect(mistakesOf(`${'["]", '.repeat(9)}1${"]".repeat(9)}`)).toEqual([deep]);
  expect(mistakesOf(`${"- ".repeat(9)}1`)).toEqual([deep]);
  const indented = Array.from({ length: 9 }, (_, at) => `${" ".repeat(at)}a:\n`).join("");
  expect(mistakesOf(`${indented}${" ".repeat(9)}b: 1`)[0]).toMatch(/^9:\d+ a(\.a){7}: is nested too deeply$/);
  expect(mistakesOf(`a: "${"[".repeat(50)}"\nb: ["${"- ".repeat(50)}"]`)).toEqual([]);
});

test.each([
  ["commas", `[${",".repeat(65_536)}]`],
  ["closing brackets", "]".repeat(65_536)],
  ["carriage returns", `a:\n${"\r".repeat(65_536)}b: 1`],
  ["brackets", "[".repeat(65_536)],
  ["escapes", `"${"\\q".repeat(32_768)}"`],
])("a text of %s alone is refused, and no more than 100 mistakes are told", (_, text) => {
  const mistakes = mistakesOf(text);
  expect(mistakes.length).toBeGreaterThan(0);
  expect(mistakes.length).toBeLessThanOrEqual(100);
});

test("fields are known in both spellings, and the place of a path is the last of it that is there", () => {
  const reading = openDocument("one_a: 1\ntwoB:\n  list:\n    - x: 1\n    - yZ: { k: v }\n", 8);
  expect(Object.keys(fieldsOf(reading.root, ["one_a", "two_b"], reading))).toEqual(["one_a", "two_b"]);
  const lineOf = (...path: string[]) => reading.lineOf(placeOf(reading.root, path));
  expect(lineOf("one_a")).toBe(1);
  expect(lineOf("two_b", "list", "1", "y_z", "k")).toBe(5);
  expect(lineOf("two_b", "list", "0", "y_z")).toBe(4);
  expect(lineOf("two_b", "list", "7")).toBe(3);
  expect(lineOf("two_b", "none")).toBe(2);
  expect(mapOf(reading.root, reading).map(({ at }) => reading.lineOf(at))).toEqual([1, 2]);
});
