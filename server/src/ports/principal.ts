/** Somebody who calls, and is known. */
export type Principal = {
  /** What the file of tokens or the certificate calls it: 1 to 255 printable characters without spaces at the ends. */
  readonly name: string;
  /** What it was known by. */
  readonly by: "token" | "certificate";
};

/** What a call shows of its caller. */
export type Credentials = {
  /** The authorization header; "several" where more than one came. */
  readonly authorization: string | { readonly several: true } | undefined;
  /** The name in the certificate of its connection, which was checked; undefined: it showed none. */
  readonly certificate: string | undefined;
  /** The connection was made inside this process, by a program that holds the server itself. */
  readonly isInProcess: boolean;
};
