import { expect, test } from "vitest";
import { createRecordingLog } from "../../test/support/recording-log.ts";
import { defaultUrl } from "./address.ts";
import { type Reach, reachOf } from "./credentials.ts";
import { silentLogger } from "./log.ts";

const tls = { ca: "PEM" };
const dial = () => undefined;

test.each<[Reach, string]>([
  [{}, defaultUrl],
  [{ url: "db.example:1" }, "http://db.example:1"],
  [{ tls }, defaultUrl.replace("http:", "https:")],
  [{ url: "db.example:1", tls }, "https://db.example:1"],
  [{ url: "https://db.example", tls }, "https://db.example"],
  [{ url: "https://db.example", token: "t" }, "https://db.example"],
  [{ dial }, defaultUrl],
])("%o is reached at %s", (reach, baseUrl) => {
  expect(reachOf(reach, silentLogger)).toEqual([baseUrl]);
});

test("several servers are all encrypted, or none is", () => {
  expect(reachOf({ url: "a:1,b:1", tls }, silentLogger)).toEqual(["https://a:1", "https://b:1"]);
  expect(reachOf({ url: ["https://a:1", "b:1"] }, silentLogger)).toEqual(["https://a:1", "https://b:1"]);
  expect(() => reachOf({ url: "http://a:1,b:1", tls }, silentLogger)).toThrow("http://a:1 is not encrypted");
});

test.each<[Reach, string]>([
  [{ url: "http://db.example", tls }, "http://db.example is not encrypted; write https://"],
  [{ dial, tls }, "dial and tls"],
  [{ tls: { cert: "PEM" } }, "tls.cert and tls.key belong together"],
  [{ tls: { key: "PEM" } }, "tls.cert and tls.key belong together"],
])("%o contradicts itself", (reach, why) => {
  expect(() => reachOf(reach, silentLogger)).toThrow(TypeError);
  expect(() => reachOf(reach, silentLogger)).toThrow(why);
});

test.each([
  ["http://db.example:1", true],
  ["127.0.0.1.example.org:1", true],
  ["https://db.example:1", false],
  ["http://localhost:1", false],
  ["127.8.9.1:1", false],
  ["[::1]:1", false],
])("a token for %s travels in the open: %s", (url, isOpen) => {
  const log = createRecordingLog();
  reachOf({ url, token: "secret" }, log);
  expect(log.lines.map(({ text }) => text)).toEqual(
    isOpen ? ["the token travels unencrypted: use https"] : [],
  );
  expect(JSON.stringify(log.lines)).not.toContain("secret");
});
