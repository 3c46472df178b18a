import { statfsSync } from "node:fs";
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

/** The room on a disk, in bytes. */
export type DiskRoom = { readonly freeBytes: number; readonly bytes: number };

/** How much of a disk is free to us. */
export async function roomOn(folder: string): Promise<DiskRoom> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, bytes: blocks * bsize };
}

/** How many bytes of a disk are free to us, for who cannot wait. */
export function freeBytesNow(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
