import { opendir } from "node:fs/promises";
import path from "node:path";

/** Folders that hold what machines made, at any depth. */
const skipped = new Set([".git", ".stem", "coverage", "dist", "node_modules"]);

/** The files below a folder, as sorted paths relative to it. Symbolic links are not followed; folders we may not read are left out. */
export async function filesBelow(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  const waiting = [""];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await entriesOf(path.join(root, folder), folder === "")) {
      const inside = path.join(folder, entry.name);
      if (entry.isFile()) found.push(inside);
      else if (entry.isDirectory() && !skipped.has(entry.name)) waiting.push(inside);
    }
  }
  return found.sort();
}

async function entriesOf(folder: string, isRoot: boolean) {
  try {
    return await Array.fromAsync(await opendir(folder));
  } catch (error) {
    // Below the root a folder may be closed to us, or gone since we saw its name.
    if (isRoot) throw error;
    return [];
  }
}
