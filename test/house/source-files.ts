import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";

/** The repository's top folder. */
export const root = path.resolve(import.meta.dirname, "../..");

const skipped = new Set(["node_modules", "dist", "third_party", ".git", ".stem", "coverage"]);

/** Every file of the repository that people write, as paths from its top with forward slashes, sorted. */
export function repositoryFiles(): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !skipped.has(entry.name) && name !== "proto/gen") walk(name);
      if (entry.isFile()) found.push(name);
    }
  };
  walk("");
  return found.sort();
}

/** Our TypeScript and JavaScript: what is generated is left out. */
export function codeFiles(): string[] {
  return repositoryFiles().filter((file) => /\.(ts|mjs|js)$/.test(file));
}

/** Our Markdown. */
export function markdownFiles(): string[] {
  return repositoryFiles().filter((file) => file.endsWith(".md"));
}

/** The text of a file, by its path from the top. */
export function readSource(file: string): string {
  return readFileSync(path.join(root, file), "utf8");
}

/** Whether a file is a test or helps tests only. */
export function isTestFile(file: string): boolean {
  return file.startsWith("test/") || file.endsWith(".test.ts");
}

/**
 * Says how many files a check looked at, and fails below the floor: a check that has lost its files would pass forever.
 * Floors follow the tree upwards.
 */
export function lookedAt(check: string, count: number, floor: number): void {
  process.stdout.write(`house: ${check} looked at ${count} files (floor ${floor})\n`);
  expect(count, `${check} looked at too few files: has it lost them?`).toBeGreaterThanOrEqual(floor);
}

/** Fails with one line a finding. */
export function expectNone(findings: readonly string[]): void {
  expect(findings.join("\n")).toBe("");
}
