import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaults, limits } from "../model/limits.ts";
import { type Config, ConfigError, createConfig, readConfig } from "./config.ts";
import type { Environment } from "./environment.ts";
import { settingsByKey } from "./sections.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "stem-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function yaml(text: string): string {
  files += 1;
  const file = path.join(folder, `${files}.yaml`);
  writeFileSync(file, text);
  return file;
}

function configOf(argv: readonly string[], env: Environment = {}): Config {
  const request = readConfig(argv, env);
  if (request.kind !== "start") throw new Error(`expected a configuration, got: ${request.text}`);
  return request.config;
}

function mistakesOf(argv: readonly string[], env: Environment = {}): readonly string[] {
  try {
    readConfig(argv, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

describe("where values come from", () => {
  test("with nothing said, every setting has its default", () => {
    const config = configOf([]);
    expect(config.listen).toEqual({ host: "127.0.0.1", port: 7836, insecure: false });
    const noTls = { tlsCa: "", tlsCert: "", tlsKey: "" };
    expect(config.store).toEqual({ url: "sqlite:.stem/stem.db", durability: "auto", ...noTls });
    expect(config.limits).toEqual(limits);
    // How long a task of an unknown name waits is no setting.
    const { unknownNameDelayMs: _, ...settable } = defaults;
    expect(config.defaults).toEqual(settable);
  });

  test("a flag wins over a variable, a variable over the file, the file over the default", () => {
    const file = yaml("listen:\n  port: 1001\nlog:\n  level: warn\nserver:\n  drainMs: 5\n");
    const env = { STEM_LISTEN_PORT: "1002", STEM_LOG_LEVEL: "debug", STEM_CONFIG: file };
    const config = configOf(["--port", "1003"], env);
    expect([config.listen.port, config.log.level, config.server.drainMs]).toEqual([1003, "debug", 5]);
    expect(config.listen.host).toBe("127.0.0.1");
  });

  test("--config wins over STEM_CONFIG", () => {
    const env = { STEM_CONFIG: yaml("listen: { port: 1 }") };
    expect(configOf(["--config", yaml("listen: { port: 2 }")], env).listen.port).toBe(2);
  });

  test.each([...settingsByKey.values()])("$key is read from the file and from $variable", (named) => {
    const { key, section, name, variable, setting } = named;
    // The least surprising other value: what the default is, unless that could come from the default.
    const others: Record<string, unknown> = {
      "listen.host": "127.0.0.2",
      "listen.insecure": true,
      "tls.cert": "cert.pem",
      "tls.key": "key.pem",
      "tls.clientCa": "clients.pem",
      "tls.clientAuth": "request",
      "tokens.file": "tokens",
      "store.url": "memory:",
      "store.durability": "relaxed",
      "server.namespaces": ["a", "b-1"],
      "server.routing": "routes.yaml",
      "server.namespaceCreate": "on-use",
      "store.tlsCa": "ca.pem",
      "store.tlsCert": "cert.pem",
      "store.tlsKey": "key.pem",
      "queues.create": "explicit",
      "log.level": "error",
      "log.format": "json",
      "telemetry.otlp": "http://127.0.0.1:4318",
      "defaults.queue": "other",
      "defaults.retryMaxMs": 400_000,
      "limits.frameBytesMax": 3_000_000,
      "limits.messageBytesMax": 5_000_000,
      "limits.leaseMsMin": 999,
    };
    const value = others[key] ?? (setting.default as number) - 1;
    // A certificate and its key are given together.
    const beside = section === "tls" && name !== "clientAuth" ? { cert: "cert.pem", key: "key.pem" } : {};
    const besideInEnv = beside.cert ? { STEM_TLS_CERT: beside.cert, STEM_TLS_KEY: beside.key } : {};
    const file = yaml(JSON.stringify({ [section]: { ...beside, [name]: value } }));
    const fromFile = configOf(["--config", file]);
    const fromVariable = configOf([], { ...besideInEnv, [variable]: String(value) });
    expect(fromFile[section]).toHaveProperty(name, value);
    expect(fromVariable[section]).toHaveProperty(name, value);
  });

  test("a limit and a default are set by name", () => {
    const config = configOf(["--limit", "headersMax=3", "--default", "queue=ab", "--limit", "tagsMax=2"]);
    expect([config.limits.headersMax, config.limits.tagsMax, config.defaults.queue]).toEqual([3, 2, "ab"]);
  });

  test("the configuration is frozen, lists included", () => {
    const { listen, server } = configOf([]);
    expect(() => Object.assign(listen, { port: 1 })).toThrow(TypeError);
    expect(() => (server.namespaces as string[]).push("x")).toThrow(TypeError);
  });
});

describe("what is wrong is said", () => {
  test.each<[string, readonly string[], Environment, string]>([
    [
      "a flag's value",
      ["--port", "x"],
      {},
      'listen.port (from --port): "x" is not allowed; allowed: a whole number from 0 to 65535',
    ],
    [
      "a variable's value",
      [],
      { STEM_LOG_LEVEL: "loud" },
      'log.level (from STEM_LOG_LEVEL): "loud" is not allowed; allowed: one of debug, info, warn, error, silent',
    ],
    [
      "an empty number",
      [],
      { STEM_LISTEN_PORT: "" },
      'listen.port (from STEM_LISTEN_PORT): "" is not allowed; allowed: a whole number from 0 to 65535',
    ],
    [
      "a limit by flag",
      ["--limit", "headersMax=65"],
      {},
      "limits.headersMax (from --limit headersMax): 65 is not allowed; allowed: a whole number from 1 to 64",
    ],
    ["an unknown flag", ["--prot", "1"], {}, "unknown option '--prot' (Did you mean --port?)"],
    ["an argument", ["start"], {}, "too many arguments. Expected 0 arguments but got 1: start."],
    [
      "an unknown limit",
      ["--limit", "headerMax=1"],
      {},
      '--limit headerMax=1: there is no limit "headerMax"; did you mean "headersMax"?',
    ],
    [
      "a limit without a value",
      ["--limit", "headersMax"],
      {},
      "--limit headersMax: expected --limit name=value",
    ],
    [
      "a limit named like a method",
      ["--limit", "constructor=1"],
      {},
      '--limit constructor=1: there is no limit "constructor"',
    ],
    [
      "a near miss of a variable",
      [],
      { STEM_STORE_ULR: "memory:" },
      'STEM_STORE_ULR: there is no such variable; did you mean "STEM_STORE_URL"?',
    ],
    ["an unknown limit variable", [], { STEM_LIMIT_X: "1" }, "STEM_LIMIT_X: there is no such variable"],
    [
      "a file that is not there",
      ["--config", "/nowhere.yaml"],
      {},
      "/nowhere.yaml: the configuration file cannot be read (ENOENT)",
    ],
  ])("%s", (_, argv, env, mistake) => {
    expect(mistakesOf(argv, env)).toEqual([mistake]);
  });

  test.each([
    ["listen:\n  prot: 1\n", ':2: there is no setting "listen.prot"; did you mean "listen.port"?'],
    ["\nstoer:\n  url: x\n", ':2: there is no section "stoer"; did you mean "store"?'],
    ["constructor: {}\n", ':1: there is no section "constructor"'],
    ["log: loud\n", ':1: "log" is a section; its settings stand indented below it'],
    ["- a\n", ': expected sections such as "listen:"'],
    ["listen:\n  port: 1\n  port: 2\n", ": Map keys must be unique at line 3, column 3"],
    [
      "listen: [\n",
      ": Flow sequence in block collection must be sufficiently indented and end with a ] at line 2, column 1",
    ],
  ])("a file with %j", (text, mistake) => {
    const file = yaml(text);
    expect(mistakesOf(["--config", file])).toEqual([file + mistake]);
  });

  test("a wrong value in a file is placed", () => {
    const file = yaml("# ours\nserver:\n  namespaces: [Team A]\n");
    expect(mistakesOf(["--config", file])).toEqual([
      `server.namespaces (from ${file}:3): ["Team A"] is not allowed; allowed: names of 1 to 63 lower-case letters, digits and inner hyphens`,
    ]);
  });

  test("all that is wrong is said at once", () => {
    const file = yaml("lgo:\n  level: info\n");
    expect(mistakesOf(["--config", file, "--port", "-1"], { STEM_LIMIT_A: "1" })).toHaveLength(3);
  });

  test("a setting with nothing behind it says nothing, and so does an empty file", () => {
    expect(configOf(["--config", yaml("listen:\n  port:\nstore:\n")]).listen.port).toBe(7836);
    expect(configOf(["--config", yaml("")]).listen.port).toBe(7836);
  });

  test("a variable that is not ours is left alone", () => {
    expect(configOf([], { STEM_SOAK: "1", STEM_URL: "x", OTHER: "y" })).toEqual(configOf([]));
  });

  test("a password in a store's address is not repeated", () => {
    const [mistake] = mistakesOf(["--store", "mysql://me:secret@db/stem"]);
    expect(mistake).toBe(
      'store.url (from --store): "mysql://…@db/stem" is not allowed; allowed: memory:, sqlite:PATH, postgres://HOST/DATABASE or redis://HOST',
    );
  });
});

describe("values that do not fit each other", () => {
  test.each(["0.0.0.0", "::", "192.168.1.5", "example.org", "128.0.0.1"])("%s needs more", (host) => {
    const rest = "listen on 127.0.0.1, or say --insecure if only trusted machines get there";
    const refused = (why: string): string[] => [
      `listen.host: ${host} can be reached by other machines, and this server ${why}, ${rest}`,
    ];
    const tls = ["--tls-cert", "c.pem", "--tls-key", "k.pem"];
    const tokens = ["--tokens-file", "tokens"];
    const at = ["--host", host];
    expect(mistakesOf(at)).toEqual(
      refused(
        "encrypts nothing and asks nobody who they are; set tls.cert and tls.key, and tokens.file or tls.clientCa",
      ),
    );
    expect(mistakesOf([...at, ...tokens])).toEqual(refused("encrypts nothing; set tls.cert and tls.key"));
    expect(mistakesOf([...at, ...tls])).toEqual(
      refused("asks nobody who they are; set tokens.file or tls.clientCa"),
    );
    for (const enough of [["--insecure"], [...tls, ...tokens], [...tls, "--tls-client-ca", "ca.pem"]])
      expect(configOf([...at, ...enough]).listen.host).toBe(host);
  });

  test.each(["127.0.0.1", "127.9.9.9", "::1", "localhost"])("%s needs nothing", (host) => {
    expect(configOf(["--host", host]).listen.host).toBe(host);
  });

  test.each([
    [["--tls-cert", "c.pem"], "tls.key: is missing; a certificate and its key belong together"],
    [["--tls-key", "k.pem"], "tls.cert: is missing; a certificate and its key belong together"],
    [["--tls-client-ca", "ca.pem"], "tls.clientCa: clients show certificates in TLS only"],
    [["--default", "heartbeatMs=10001"], "defaults.heartbeatMs: 10001 leaves no room"],
    [["--default", "leaseMs=500", "--default", "heartbeatMs=100"], "defaults.leaseMs: 500 is not between"],
    [["--default", "retryMaxMs=1"], "defaults.retryBaseMs: 2000 is more than defaults.retryMaxMs (1)"],
    [["--limit", "attemptsMax=3"], "defaults.maxAttempts: 4 is more than limits.attemptsMax (3)"],
    [["--limit", "pageSizeMax=1"], "limits.pageSizeDefault: 50 is more than limits.pageSizeMax (1)"],
    [
      ["--limit", "payloadBytesMax=4000000"],
      "limits.payloadBytesMax: 4000000 is more than limits.frameBytesMax",
    ],
  ])("%j", (argv, mistake) => {
    const mistakes = mistakesOf(argv);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(mistake);
  });
});

describe("a configuration in a program", () => {
  test("keeps the defaults of what it leaves out", () => {
    const config = createConfig({ store: { url: "memory:" }, limits: { headersMax: 5 } });
    expect([config.store.url, config.limits.headersMax, config.limits.tagsMax]).toEqual(["memory:", 5, 16]);
  });

  test("is checked as the others are", () => {
    expect(() => createConfig({ listen: { port: -1 } })).toThrow("listen.port (from createConfig): -1");
    expect(() => createConfig(JSON.parse('{"listen":{"prot":1}}'))).toThrow(
      'there is no setting "listen.prot"',
    );
  });
});

test("--help names every flag and every limit, --version the version", () => {
  const help = readConfig(["--help"], {});
  const text = help.kind === "answer" ? help.text : "";
  for (const { setting, name, variable } of settingsByKey.values()) {
    expect(text).toContain(setting.flag ?? name);
    if (setting.flag) expect(text.replaceAll(/\s+/g, " ")).toContain(variable);
  }
  expect(readConfig(["--version"], {})).toEqual({ kind: "answer", text: "0.1.0\n" });
});
