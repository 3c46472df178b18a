import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { filesBelow } from "./folder-walk.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "stem-walk-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("files are found at any depth, without links and what machines made", async () => {
  for (const inside of ["b", "a/deep", "node_modules/x", "a/.git"]) {
    mkdirSync(path.join(folder, inside), { recursive: true });
    writeFileSync(path.join(folder, inside, "file"), "");
  }
  symlinkSync(folder, path.join(folder, "loop"));
  symlinkSync(path.join(folder, "b/file"), path.join(folder, "link"));
  expect(await filesBelow(folder)).toEqual(["a/deep/file", "b/file"]);
});

test("a folder that is not there is an error", async () => {
  await expect(filesBelow(path.join(folder, "gone"))).rejects.toThrow("ENOENT");
});
