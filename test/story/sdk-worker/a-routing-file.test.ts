import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { defineTask } from "@stem/sdk";
import { ConfigError, startServer } from "@stem/server";
import { implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { configOf, startStem } from "../../support/whole-stem.ts";

function fileOf(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-routes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "routes.yaml");
  writeFileSync(file, text);
  return file;
}

test("a server that is started with a file of routes sends tasks where it says", async () => {
  const routing = fileOf(`
queues:
  europe: { bindings: [{ routing_key: "eu.*" }] }
  mail:
routes:
  - { match: { task: "mail.*" }, target: mail }
`);
  const { stem, work } = await startStem({ server: { routing } });
  const where = defineTask<[], string>({ name: "where", options: { queue: "elsewhere" } });
  const send = defineTask<[], string>({ name: "mail.send" });
  const queueOf = async ({ queue }: { readonly queue: string }): Promise<string> => queue;
  await work({ tasks: [implement(where, queueOf), implement(send, queueOf)], queues: ["europe", "mail"] });
  const keyed = await stem.enqueue(where, [], { routingKey: "eu.berlin" });
  const routed = await stem.enqueue(send);
  expect(await Promise.all([keyed.result(), routed.result()])).toEqual(["europe", "mail"]);
});

test("a server does not start with a file of routes that is wrong, and says where", async () => {
  const routing = fileOf("queues:\n  mail: {}\ndefault_queue: mial\n");
  const starting = startServer(configOf({ server: { routing } }));
  await expect(starting).rejects.toBeInstanceOf(ConfigError);
  await expect(starting).rejects.toThrow(
    `${routing}:3:16: default_queue: there is no queue "mial" below queues; did you mean "mail"?`,
  );
  const missing = startServer(configOf({ server: { routing: `${routing}.not` } }));
  await expect(missing).rejects.toThrow(`${routing}.not: the file of routes cannot be read (ENOENT)`);
});
