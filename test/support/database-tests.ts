import { afterAll, beforeAll, test } from "vitest";
import { tools } from "../../scripts/external-tools.ts";
import { testWithTool } from "./test-with-tool.ts";

/** A database, and how a server of it is started for one file of tests. */
export type DatabaseKind<Server> = {
  readonly tool: "postgres" | "redis-server";
  /** `program`: what tools found; for Postgres the folder of its programs. */
  readonly start: (program: string) => Promise<Server>;
};

/** Registers a test; `no` counts those that ran over the server, from 1, for names that no other one uses. */
export type DatabaseTest<Server> = (
  sentence: string,
  timeoutMs: number,
  run: (server: Server, no: number) => Promise<void>,
) => void;

/** Registers tests over a server of this file's own; where there is none to start they are left out, and the run says so. */
export function databaseTests<Server extends { stop(): Promise<void> }>(
  { tool, start }: DatabaseKind<Server>,
  register: (test: DatabaseTest<Server>) => void,
): void {
  const program = tools[tool].find();
  let server: Server | undefined;
  let count = 0;
  if (program !== undefined) {
    beforeAll(async () => {
      server = await start(program);
    });
    afterAll(() => server?.stop());
  }
  register((sentence, timeoutMs, run) => {
    if (program === undefined) testWithTool(sentence, { tool, timeoutMs, run: async () => undefined });
    else
      test(sentence, { timeout: timeoutMs }, async () => {
        if (server === undefined) throw new Error(`there is no server of ${tool} yet`);
        count += 1;
        await run(server, count);
      });
  });
}
