import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { expectNone, lookedAt, markdownFiles, readSource, repositoryFiles, root } from "./source-files.ts";

/** The anchor that a heading gets, as the usual renderers make it. */
function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function anchorsOf(markdown: string): Set<string> {
  return new Set(
    [...withoutCode(markdown).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading]) => slug(heading ?? "")),
  );
}

/** Code blocks and code spans hold examples, not links. */
function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^(```|~~~).*?^\1/gms, "");
}

/** Why a link of a Markdown file leads nowhere, if it does. */
function linkFault(file: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [target = "", anchor] = link.split("#");
  const place = target === "" ? file : path.posix.join(path.posix.dirname(file), decodeURI(target));
  if (!existsSync(path.join(root, place))) return `${place} does not exist`;
  if (anchor === undefined || !place.endsWith(".md")) return undefined;
  return anchorsOf(readSource(place)).has(anchor) ? undefined : `${place} has no heading #${anchor}`;
}

/** Documents that a source mentions by their path, such as `docs/decisions/0007`. */
function mentions(text: string): string[] {
  return [...text.matchAll(/\bdocs\/(?:decisions\/\d{4}|[\w/-]+\.md)/g)].map(([mention]) => mention);
}

test("every link in our Markdown leads somewhere", () => {
  const files = markdownFiles();
  lookedAt("doc links", files.length, 1);
  const links = files.flatMap((file) =>
    [...withoutCode(readSource(file)).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(([, link]) => ({
      file,
      link: link ?? "",
    })),
  );
  expectNone(
    links.flatMap(({ file, link }) => {
      const fault = linkFault(file, link);
      return fault === undefined ? [] : [`${file} links to ${link}: ${fault}`];
    }),
  );
});

test("every document that a source mentions exists", () => {
  const files = repositoryFiles();
  const sources = files.filter(
    (file) => /\.(ts|mjs|js|proto|py|md)$/.test(file) && !file.startsWith("test/house/"),
  );
  lookedAt("documents mentioned", sources.length, 140);
  expectNone(
    sources.flatMap((file) =>
      mentions(readSource(file))
        .filter((mention) => !files.some((each) => each.startsWith(mention)))
        .map((mention) => `${file} mentions ${mention}, which does not exist`),
    ),
  );
});

test("a heading's anchor is made as renderers make it", () => {
  expect(slug("One port, two stacks & `code`")).toBe("one-port-two-stacks--code");
});

/** Lists that tell of all there is, and what each has to lead to. */
const lists: readonly (readonly [list: string, parts: () => readonly string[]])[] = [
  ["README.md", () => markdownFiles().filter((file) => /^docs\/[^/]+\.md$/.test(file))],
  ["docs/decisions/README.md", () => markdownFiles().filter((file) => /^docs\/decisions\/\d{4}/.test(file))],
  [
    "docs/drivers.md",
    () =>
      [...readSource("test/contract/exercise.ts").matchAll(/Cases \} from "\.\/([\w-]+\.ts)"/g)].map(
        ([, file]) => `test/contract/${file}`,
      ),
  ],
];

test.each(lists)("%s leads to all that it lists", (list, partsOf) => {
  const text = readSource(list);
  const parts = partsOf();
  lookedAt(`parts of ${list}`, parts.length, 10);
  const missing = parts.filter(
    (part) => !text.includes(`](${path.posix.relative(path.posix.dirname(list), part)})`),
  );
  expectNone(missing.map((part) => `${list} does not lead to ${part}`));
});
