import { statfs } from "node:fs/promises";

/** Numbers by which Linux knows file systems on other machines; SQLite's locks and shared memory do not hold there. */
const remote = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB2"],
  [0xff534d42, "CIFS"],
  [0x564c, "NCP"],
  [0x5346414f, "AFS"],
]);

/** The kind of remote file system that a folder is on; undefined for local and unknown ones. */
export async function remoteFileSystem(folder: string): Promise<string | undefined> {
  const { type } = await statfs(folder);
  return remote.get(type >>> 0);
}

/** The share of a disk that is free to us, from 0 to 1. */
export async function freeShare(folder: string): Promise<number> {
  const { bavail, blocks } = await statfs(folder);
  return blocks === 0 ? 1 : bavail / blocks;
}
