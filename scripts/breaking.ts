// `buf breaking` against the protos of the main branch. buf compares a workspace of several modules only with another
// such workspace, and main's third-party protos are in no commit: so main's protos go to a folder that looks like ours.
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");

const ref = ["origin/main", "main"].find(hasProtos);
if (ref === undefined) console.log("buf breaking: main has no protos yet, nothing to compare with");
else process.exitCode = compareWith(ref);

function hasProtos(candidate: string): boolean {
  return (
    spawnSync("git", ["cat-file", "-e", `${candidate}:proto/stem`], { cwd: root, stdio: "ignore" }).status ===
    0
  );
}

function compareWith(main: string): number {
  const workspace = mkdtempSync(path.join(os.tmpdir(), "stem-breaking-"));
  try {
    const tar = execFileSync("git", ["archive", "--format=tar", main, "proto/stem"], { cwd: root });
    execFileSync("tar", ["-x", "-C", workspace], { input: tar });
    // Ours, so that both sides have the same modules.
    copyFileSync(path.join(root, "buf.yaml"), path.join(workspace, "buf.yaml"));
    symlinkSync(path.join(root, "proto/third_party"), path.join(workspace, "proto/third_party"));
    const buf = spawnSync("buf", ["breaking", "--against", workspace], { cwd: root, stdio: "inherit" });
    if (buf.status === 0) console.log(`buf breaking: compatible with ${main}`);
    else
      console.error(`Not compatible with ${main}. If it is meant: CONTRIBUTING.md, "Breaking the protos".`);
    return buf.status ?? 1;
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}
