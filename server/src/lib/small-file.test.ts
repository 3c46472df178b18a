import { chmodSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileBytesMax, isPrivate, readSmallFile } from "./small-file.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "stem-small-file-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, mode: number): string {
  const file = path.join(folder, name);
  writeFileSync(file, "content");
  chmodSync(file, mode);
  return file;
}

test.each([
  [0o100600, 1000, true],
  [0o100400, 1000, true],
  [0o100640, 0, true],
  [0o100640, 1000, false],
  [0o100660, 0, false],
  [0o100604, 0, false],
  [0o100644, 1000, false],
  [0o100610, 1000, false],
])("mode %o of user %i keeps a file from others: %s", (mode, uid, kept) => {
  expect(isPrivate(mode, uid)).toBe(kept);
});

test("a secret that others may read is refused, anything else may be read by them", async () => {
  const open = fileOf("open", 0o644);
  await expect(readSmallFile(open, { isSecret: true })).rejects.toThrow(
    `${open}: others may read it (mode 0644); allowed: 0600, or 0640 where it belongs to root`,
  );
  expect(String(await readSmallFile(open, { isSecret: false }))).toBe("content");
  expect(String(await readSmallFile(fileOf("closed", 0o600), { isSecret: true }))).toBe("content");
});

test("what is not there, is no file or is too large is said so", async () => {
  const missing = path.join(folder, "missing");
  await expect(readSmallFile(missing, { isSecret: true })).rejects.toThrow(
    `${missing}: cannot be read (ENOENT)`,
  );
  await expect(readSmallFile(folder, { isSecret: false })).rejects.toThrow("cannot be read (EISDIR)");
  const large = fileOf("large", 0o600);
  truncateSync(large, fileBytesMax + 1);
  await expect(readSmallFile(large, { isSecret: true })).rejects.toThrow(`the limit is ${fileBytesMax}`);
});
