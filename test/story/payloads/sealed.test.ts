import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { connect, defineCodec, defineTask, PayloadError } from "@stem/sdk";
import { startTestServer } from "@stem/server/testing";
import { implement } from "@stem/worker";
import { drainQueues } from "@stem/worker/testing";
import { expect, onTestFinished, test } from "vitest";
import { createRecordingLog } from "../../support/recording-log.ts";

/** JSON under AES-256-GCM: a nonce, the tag, the ciphertext. */
const sealedWith = (key: Uint8Array) =>
  defineCodec({
    id: "sealed",
    encode(value) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const text = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    decode(bytes) {
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return JSON.parse(`${decipher.update(bytes.subarray(28), undefined, "utf8")}${decipher.final("utf8")}`);
    },
  });
const pay = (key: Uint8Array) =>
  defineTask<[iban: string], string>({
    name: "pay",
    codec: sealedWith(key),
  });

test("a codec that encrypts keeps arguments and results from the server; a wrong key fails the task and shows nothing", async () => {
  const server = await startTestServer({ listen: { port: 0 } });
  onTestFinished(() => server.close());
  await using client = connect({ dial: server.dial });
  const [key, other] = [randomBytes(32), randomBytes(32)];
  const paid = await client.enqueue(pay(key), ["DE02 1203 0000"]);
  const refused = await client.enqueue(pay(other), ["DE02 1203 0000"]);
  const log = createRecordingLog();
  await drainQueues({ dial: server.dial, tasks: [implement(pay(key), (_ctx, iban) => `paid ${iban}`)], log });

  expect(await paid.result()).toBe("paid DE02 1203 0000");
  await expect(refused.result()).rejects.toMatchObject({ failure: { type: PayloadError.name } });
  const raw = createClient(TaskService, createGrpcTransport({ baseUrl: server.url ?? "" }));
  for (const taskId of [paid.id, refused.id]) {
    const { task } = await raw.getTask({ taskId });
    expect(task?.args?.encoding).toMatchObject({ codec: "sealed" });
    const kept = JSON.stringify(task, (_, value) =>
      typeof value === "bigint"
        ? String(value)
        : value instanceof Uint8Array
          ? Buffer.from(value).toString("latin1")
          : value,
    );
    expect(kept).not.toContain("1203");
  }
  expect(JSON.stringify(log.lines)).not.toContain("1203");
});
