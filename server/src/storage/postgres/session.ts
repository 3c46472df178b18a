import type { ClientConfig, QueryArrayConfig } from "pg";

/** A text of SQL that every connection prepares once, when it first runs it. */
export type Statement<R extends readonly unknown[] = readonly unknown[]> = {
  readonly name: string;
  readonly text: string;
  /** For the compiler: what its rows are. Never set. */
  readonly row?: R;
};

/** What a parameter may be; columns of values are made by arrays.ts. */
export type Value = string | number | boolean | Buffer | null;

/** One connection, or whichever is free of some. */
export type Session = {
  /** Runs a statement and answers its rows, each as an array. */
  rows<R extends readonly unknown[]>(statement: Statement<R>, ...values: readonly Value[]): Promise<R[]>;
  /** Runs a statement and answers how many rows it changed. */
  run(statement: Statement, ...values: readonly Value[]): Promise<number>;
};

let made = 0;

/** Makes a statement. Its text is written once, at the top of a file: each gets a name of its own. */
export function statement<R extends readonly unknown[] = readonly unknown[]>(text: string): Statement<R> {
  made += 1;
  return { name: `stem_${made}`, text };
}

/** What of the client a session needs; a pool is one, too. */
type Queryable = {
  query(
    config: QueryArrayConfig<Value[]>,
  ): Promise<{ readonly rows: unknown[][]; readonly rowCount: number | null }>;
};

/** Makes the session of a client. Statements may be sent before those before them are answered; they run in order. */
export function createSession(client: Queryable): Session {
  const send = ({ name, text }: Statement, values: readonly Value[]) =>
    client.query({ name, text, values: [...values], rowMode: "array" });
  return {
    async rows<R extends readonly unknown[]>(asked: Statement<R>, ...values: readonly Value[]): Promise<R[]> {
      const { rows } = await send(asked, values);
      return rows as unknown as R[];
    },
    async run(asked, ...values) {
      const { rowCount } = await send(asked, values);
      return rowCount ?? 0;
    },
  };
}

const asNumber = (text: string): number => Number(text);
const asIs = (text: string): string => text;

function bytesOf(text: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(text.slice(2), "hex");
  return new Uint8Array(buffer, byteOffset, length);
}

/** By the number that Postgres gives each type. All of our big numbers are below 2^53. */
const parsers: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [16, (text) => text === "t"],
  [17, bytesOf],
  [20, asNumber],
  [21, asNumber],
  [23, asNumber],
  [700, asNumber],
  [701, asNumber],
]);

/** How values are read that rows have. */
export const types: NonNullable<ClientConfig["types"]> = {
  getTypeParser: ((oid: number) => parsers.get(oid) ?? asIs) as never,
};
