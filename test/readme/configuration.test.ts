import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../../server/src/config/config.ts";
import { settingsByKey } from "../../server/src/config/sections.ts";

const readme = readFileSync(path.resolve(import.meta.dirname, "../../README.md"), "utf8");

test("the table of settings is what the server takes", () => {
  const rows = readme
    .split("\n")
    .filter((line) => /^\| `(?:listen|tls|tokens|store|server|queues|log|telemetry|defaults)\./.test(line));
  const wanted = [...settingsByKey.values()]
    .filter(({ section }) => section !== "limits")
    .map(({ key, name, variable, setting }) => {
      const flag = setting.flag ?? `--default ${name}=…`;
      const value = String(setting.default);
      const shown = value === "" ? "none" : `\`${value}\``;
      return `| \`${key}\` | \`${flag}\` | \`${variable}\` | ${shown} | ${setting.help} |`;
    });
  expect(rows).toEqual(wanted);
});

test("the example of a file is taken, and says what it seems to say", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-readme-"));
  const file = path.join(folder, "stem.yaml");
  writeFileSync(file, /^```yaml\n(.*?)^```/ms.exec(readme)?.[1] ?? "");
  const request = readConfig(["--config", file], {});
  rmSync(folder, { recursive: true });
  expect(request).toMatchObject({
    kind: "start",
    config: {
      listen: { host: "127.0.0.1", port: 7840 },
      store: { url: "sqlite:/var/lib/stem/stem.db" },
      server: { namespaces: ["default", "team-a"] },
      defaults: { leaseMs: 30_000 },
      limits: { payloadBytesMax: 65_536 },
    },
  });
});

test("the examples of one limit name it in all three ways", () => {
  const argv = /`--limit (\w+)=(\d+)`/.exec(readme);
  const [, name = "", value = ""] = argv ?? [];
  const variable = /`(STEM_LIMIT_\w+)`/.exec(readme)?.[1] ?? "";
  expect(settingsByKey.get(`limits.${name}`)?.variable).toBe(variable);
  expect(readConfig(["--limit", `${name}=${value}`], {})).toMatchObject({
    config: { limits: { [name]: Number(value) } },
  });
});
