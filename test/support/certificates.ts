/** Certificates made when they are needed, by openssl: none is kept, and no key of any is in the repository. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A certificate and its key, as files and as text. */
export type Identity = {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
};

/** What a certificate says. */
export type CertificateWish = {
  /** Names the files. */
  readonly file: string;
  /** The common name; default the file's. */
  readonly commonName?: string;
  /** Such as `DNS:localhost,IP:127.0.0.1`. */
  readonly altNames?: string;
  /** For how long it is good; -1: it ran out yesterday. Default 1. */
  readonly days?: number;
};

/** An authority that issues certificates. */
export type Authority = Identity & { issue(wish: CertificateWish): Identity };

/** A folder of certificates. */
export type Certificates = {
  readonly folder: string;
  /** The one that tests trust, unless they are about another. */
  readonly authority: Authority;
  /** For 127.0.0.1 and localhost. */
  readonly server: Identity;
  otherAuthority(name: string): Authority;
  /** A certificate that only itself vouches for. */
  selfSigned(name: string): Identity;
  remove(): void;
};

/** Alternative names of a server on this machine. */
export const localNames = "DNS:localhost,IP:127.0.0.1";

/** Makes an authority and a server's certificate. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-certificates-"));
  const authority = authorityIn(folder, "ca");
  return {
    folder,
    authority,
    server: authority.issue({ file: "server", commonName: "stem", altNames: localNames }),
    selfSigned: (name) => selfSignedIn(folder, name, ["-addext", "basicConstraints=critical,CA:FALSE"]),
    otherAuthority: (name) => authorityIn(folder, name),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const openssl = (folder: string, ...args: readonly string[]): void => {
  execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
};

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"] as const;

function selfSignedIn(folder: string, name: string, extensions: readonly string[]): Identity {
  const files = ["-keyout", `${name}-key.pem`, "-out", `${name}.pem`];
  openssl(folder, "req", "-x509", ...newKey, ...files, "-days", "1", "-subj", `/CN=${name}`, ...extensions);
  return identityIn(folder, name);
}

function authorityIn(folder: string, name: string): Authority {
  const may = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
  return {
    ...selfSignedIn(folder, name, may),
    issue({ file, commonName = file, altNames, days = 1 }) {
      const request = ["-keyout", `${file}-key.pem`, "-out", `${file}.csr`, "-subj", `/CN=${commonName}`];
      openssl(folder, "req", "-new", ...newKey, ...request);
      const names = altNames === undefined ? "" : `subjectAltName=${altNames}\n`;
      writeFileSync(path.join(folder, `${file}.ext`), `basicConstraints=CA:FALSE\n${names}`);
      openssl(
        folder,
        ...["x509", "-req", "-in", `${file}.csr`, "-out", `${file}.pem`, "-days", String(days)],
        ...["-CA", `${name}.pem`, "-CAkey", `${name}-key.pem`, "-CAcreateserial", "-extfile", `${file}.ext`],
      );
      return identityIn(folder, file);
    },
  };
}

function identityIn(folder: string, name: string): Identity {
  const [certFile, keyFile] = [path.join(folder, `${name}.pem`), path.join(folder, `${name}-key.pem`)];
  return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
}
