/** Small files that the server needs whole, such as certificates, keys and tokens. */

import { open } from "node:fs/promises";

/** A file cannot be used; the message names it and says why, and nothing that stands in it. */
export class FileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FileError";
  }
}

/** More than any bundle of certificates or list of tokens that is meant for us. */
export const fileBytesMax = 4 * 1024 * 1024;

/**
 * Reads a file of at most `fileBytesMax`. A secret one must be nobody else's to read. Throws FileError. Nothing is read of a file that
 * may not be used.
 */
export async function readSmallFile(path: string, what: { readonly isSecret: boolean }): Promise<Buffer> {
  try {
    await using file = await open(path, "r");
    const { mode, uid, size } = await file.stat();
    if (what.isSecret && process.platform !== "win32" && !isPrivate(mode, uid))
      throw new FileError(
        `${path}: others may read it (mode ${modeText(mode)}); allowed: 0600, or 0640 where it belongs to root`,
      );
    if (size > fileBytesMax) throw new FileError(`${path}: ${size} bytes; the limit is ${fileBytesMax}`);
    return await file.readFile();
  } catch (error) {
    if (error instanceof FileError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new FileError(`${path}: cannot be read (${code})`, { cause: error });
  }
}

/** Whether a file of that mode and owner is kept from others. Root's may be read by a group, which is how services are given keys. */
export function isPrivate(mode: number, uid: number): boolean {
  const others = mode & 0o077;
  return others === 0 || (others === 0o040 && uid === 0);
}

const modeText = (mode: number): string => `0${(mode & 0o777).toString(8).padStart(3, "0")}`;
