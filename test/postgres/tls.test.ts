import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import { openStore, type StoreTls } from "../../server/src/storage/open.ts";
import { lease, refOf } from "../contract/subject.ts";
import { freePort } from "../support/free-port.ts";
import { newTask } from "../support/new-task.ts";
import { startPostgres } from "../support/postgres.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { testWithTool } from "../support/test-with-tool.ts";

const none: StoreTls = { ca: "", cert: "", key: "" };

/** Makes an authority, and certificates of it for the database and for us. */
async function makeCertificates() {
  const folder = await mkdtemp(path.join(tmpdir(), "stem-tls-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = (name: string): string => path.join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = (name: string): void => {
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      file(`${name}.key`),
      "-out",
      file(`${name}.crt`),
      "-subj",
      `/CN=${name}`,
    );
  };
  authority("ca");
  authority("other");
  for (const [name, subject] of [
    ["server", "/CN=database"],
    ["client", "/CN=stem"],
  ] as const) {
    await writeFile(file(`${name}.ext`), "subjectAltName=IP:127.0.0.1\n");
    openssl("req", ...newKey, "-keyout", file(`${name}.key`), "-out", file(`${name}.csr`), "-subj", subject);
    const signing = [
      "-CA",
      file("ca.crt"),
      "-CAkey",
      file("ca.key"),
      "-CAcreateserial",
      "-extfile",
      file(`${name}.ext`),
    ];
    openssl("x509", "-req", "-in", file(`${name}.csr`), ...signing, "-out", file(`${name}.crt`));
  }
  return file;
}

testWithTool("a database is spoken to over TLS with certificates on both sides, and with no others", {
  tool: "postgres",
  timeoutMs: 60_000,
  async run(programs) {
    const file = await makeCertificates();
    const port = await freePort();
    const database = await startPostgres(programs, {
      tls: { port, cert: file("server.crt"), key: file("server.key"), ca: file("ca.crt") },
    });
    onTestFinished(() => database.stop());
    const now = 1_800_000_000_000 as never;
    const clock = { now: () => now, after: () => () => undefined };
    const open = (tls: StoreTls) =>
      openStore(`postgres://stem@127.0.0.1:${port}/postgres?schema=secured`, {
        ...{ clock, limits, lease, log: createRecordingLog(), durability: "relaxed", tls },
      });
    const own = { cert: file("client.crt"), key: file("client.key") };
    const store = await open({ ca: file("ca.crt"), ...own });
    await store.accept({ tasks: [newTask("a")], now, atomic: false });
    expect(await store.readHeads([refOf("a")])).toMatchObject([{ state: "ready" }]);
    const { rows } = await database.sql(
      "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'stem'",
    );
    expect(rows).toEqual([{ ssl: true }]);
    await store.close();
    await expect(open({ ca: file("other.crt"), ...own })).rejects.toThrow(/cannot be opened: .*certificate/);
    await expect(open({ ...none, ca: file("ca.crt") })).rejects.toThrow(/cannot be opened: /);
    await expect(open(none)).rejects.toThrow(/cannot be opened: .*encryption/);
    await expect(open({ ...none, cert: own.cert })).rejects.toThrow(/come together/);
    await expect(
      openStore("memory:", { clock, limits, lease, log: createRecordingLog(), tls: { ...none, ca: "ca" } }),
    ).rejects.toThrow(/reached over a network/);
  },
});
