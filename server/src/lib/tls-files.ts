/**
 * The files of a TLS identity: certificates of those who are trusted, a certificate of one's own, and its key. For every connection of
 * the server, whichever way it goes.
 */

import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { FileError, readSmallFile } from "./small-file.ts";

/** Where the parts are, each a PEM file. */
export type TlsFiles = {
  /** Certificates that those of the other side are checked against. */
  readonly ca?: string | undefined;
  /** The own certificate, and those between it and its root. */
  readonly cert?: string | undefined;
  /** The own certificate's key; only its owner may read it. */
  readonly key?: string | undefined;
};

/** What stood in the files, as node:tls takes it. */
export type TlsMaterial = { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };

/** Reads the files, and sees that they are what they should be and fit each other. Throws FileError, which names the file. */
export async function readTlsFiles({ ca, cert, key }: TlsFiles): Promise<TlsMaterial> {
  const [caText, certText, keyText] = await Promise.all([
    ca && readSmallFile(ca, { isSecret: false }),
    cert && readSmallFile(cert, { isSecret: false }),
    key && readSmallFile(key, { isSecret: true }),
  ]);
  if (ca && caText) checkCertificate(ca, caText);
  if (cert && certText) checkCertificate(cert, certText);
  const material = {
    ...(caText && { ca: caText }),
    ...(certText && { cert: certText }),
    ...(keyText && { key: keyText }),
  };
  try {
    createSecureContext(material);
  } catch (error) {
    const files = [cert, key].filter(Boolean).join(" and ");
    throw new FileError(`${files}: no certificate and its key (${tlsCause(error)})`, { cause: error });
  }
  return material;
}

function checkCertificate(path: string, text: Buffer): void {
  try {
    new X509Certificate(text);
  } catch (error) {
    throw new FileError(`${path}: no certificate in PEM (${tlsCause(error)})`, { cause: error });
  }
}

/** Whether two readings are the same, byte for byte. */
export const sameMaterial = (one: TlsMaterial, other: TlsMaterial): boolean =>
  (["ca", "cert", "key"] as const).every((part) => {
    const [a, b] = [one[part], other[part]];
    return a === undefined || b === undefined ? a === b : a.equals(b);
  });

const causeCharsMax = 200;

/** Why TLS failed, in a few words: the code and OpenSSL's reason, and nothing of what was read. */
export function tlsCause(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown };
  const words = [code, reason ?? (code === undefined ? error.message : undefined)];
  return words
    .filter((word) => typeof word === "string")
    .join(": ")
    .replaceAll(/[^\x20-\x7e]/g, "?")
    .slice(0, causeCharsMax);
}

/** A connection whose handshake failed. */
export type FailedHandshake = {
  /** Which connection of the server it was to be, such as "server port". */
  readonly component: string;
  /** Where one listens, or whom one called. */
  readonly host: string;
  readonly port: number;
  readonly files: TlsFiles;
  /** An error, or what it says already. */
  readonly cause: unknown;
};

/** A failed handshake as it is logged, whichever connection it was: paths of files, nothing of their content. */
export function handshakeFacts({ component, host, port, files, cause }: FailedHandshake): object {
  return { component, host, port, files, cause: typeof cause === "string" ? cause : tlsCause(cause) };
}
