import type { ClientConfig } from "pg";

/** Where a store is, from its URL. */
export type Address = {
  /** What the client connects with. */
  readonly client: Pick<ClientConfig, "connectionString">;
  /** The schema that holds all of it. */
  readonly schema: string;
  /** How many connections read, beside the one that writes. */
  readonly readers: number;
};

const defaultSchema = "stem";
const defaultReaders = 4;
const readersMax = 64;
/** A name that needs no quotes, so that a person can write it into psql. */
const schemaPattern = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * Reads postgres://USER:PASSWORD@HOST:PORT/DATABASE?schema=stem&readers=4; whatever else the URL says, such as sslmode, is the
 * client's. Throws, saying what is wrong, and never the password.
 */
export function readAddress(url: string): Address {
  const parsed = parse(url);
  const schema = take(parsed, "schema") ?? defaultSchema;
  if (!schemaPattern.test(schema) || schema.startsWith("pg_")) {
    throw new Error(
      `the schema ${JSON.stringify(schema)} must be lower-case letters, digits and _, at most 63, and not begin with pg_`,
    );
  }
  const readers = Number(take(parsed, "readers") ?? defaultReaders);
  if (!Number.isInteger(readers) || readers < 1 || readers > readersMax)
    throw new Error(`readers must be a whole number from 1 to ${readersMax}`);
  return { client: { connectionString: parsed.href }, schema, readers };
}

function parse(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new Error("it is not a URL of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE");
  }
}

/** A parameter of ours, which the client does not get to see. */
function take(url: URL, name: string): string | undefined {
  const value = url.searchParams.get(name) ?? undefined;
  url.searchParams.delete(name);
  return value;
}
