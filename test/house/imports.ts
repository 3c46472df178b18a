import { existsSync } from "node:fs";
import path from "node:path";
import { mask } from "./mask.ts";
import { codeFiles, readSource, root } from "./source-files.ts";

const importForms = /\b(?:import|export)\b(?:[\s\w$*{},]*?\bfrom)?\s*\(?\s*"#(\d+)"/g;

/** What a text imports or re-exports, values and types alike, in the order it stands there. */
export function importsOf(text: string): string[] {
  const { code, strings } = mask(text);
  return [...code.matchAll(importForms)].flatMap(([, index]) => strings[Number(index)] ?? []);
}

/** A file and what it imports. */
export interface Importer {
  readonly file: string;
  /** Import specifiers as they are written. */
  readonly specifiers: readonly string[];
  /** Our files among them, as paths from the top. */
  readonly targets: readonly string[];
}

/** The imports of all our code. */
export function importGraph(): Importer[] {
  return codeFiles().map((file) => {
    const specifiers = importsOf(readSource(file));
    return { file, specifiers, targets: specifiers.flatMap((each) => resolveImport(file, each) ?? []) };
  });
}

/** Our file that a specifier means, if it is one of ours. */
export function resolveImport(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) {
    const target = path.posix.join(path.posix.dirname(file), specifier);
    return existsSync(path.join(root, target)) ? target : undefined;
  }
  return workspaceEntries().get(specifier);
}

interface Manifest {
  readonly name: string;
  readonly workspaces?: readonly string[];
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

let entries: Map<string, string> | undefined;

/** Specifier → source file, for each door that our packages have. */
export function workspaceEntries(): ReadonlyMap<string, string> {
  entries ??= new Map(readManifest("package.json").workspaces?.flatMap(entriesOf));
  return entries;
}

function entriesOf(workspace: string): [string, string][] {
  const { name, exports = {} } = readManifest(`${workspace}/package.json`);
  return Object.entries(exports).flatMap(([door, target]): [string, string][] => {
    const source = typeof target === "string" ? undefined : target["stem-src"];
    return source?.endsWith(".ts") && !source.includes("*")
      ? [[path.posix.join(name, door), path.posix.join(workspace, source)]]
      : [];
  });
}

function readManifest(file: string): Manifest {
  return JSON.parse(readSource(file)) as Manifest;
}
