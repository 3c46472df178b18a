import { expect, test } from "vitest";
import { readAddress } from "./address.ts";

test("what a URL leaves out is as usual", () => {
  expect(readAddress("redis://cache")).toEqual({
    shown: "redis://cache",
    hosts: [{ host: "cache", port: 6379 }],
    ...{ socket: undefined, username: undefined, password: undefined, db: 0 },
    ...{ prefix: "stem", isVolatile: false, tls: undefined },
  });
});

test("a URL may say all of it", () => {
  expect(readAddress("rediss://ada:p%40ss@a:1,[::1]:2,c/3?prefix=shop&volatile=yes")).toEqual({
    shown: "rediss://…@a:1,[::1]:2,c/3?prefix=shop&volatile=yes",
    hosts: [
      { host: "a", port: 1 },
      { host: "::1", port: 2 },
      { host: "c", port: 6379 },
    ],
    ...{ socket: undefined, username: "ada", password: "p@ss", db: 3 },
    ...{ prefix: "shop", isVolatile: true, tls: { ca: undefined, cert: undefined, key: undefined } },
  });
});

test("a socket stands in place of hosts", () => {
  expect(readAddress("redis:///?socket=/run/redis.sock")).toMatchObject({
    hosts: [],
    socket: "/run/redis.sock",
  });
});

test.each([
  ["redis://", "needs either a host or a socket"],
  ["redis://a?socket=/s", "needs either a host or a socket"],
  ["redis://a:0", 'names "a:0", which is no host'],
  ["redis://a:65536", 'names "a:65536", which is no host'],
  ["redis://a/one", 'names the database "one", and not a number'],
  ["redis://a?prefix=a b", "has a prefix other than"],
  ["redis://a?volatile=maybe", "says volatile=maybe, and knows yes and no"],
  ["redis://a?timeout=5", 'says "timeout", which is none of'],
  ["redis://a?ca=/ca.pem", "names certificates, and is not encrypted: write rediss://"],
])("%s %s", (url, why) => {
  expect(() => readAddress(url)).toThrow(why);
});

test("what is wrong is said without the password", () => {
  const mistake = () => readAddress("redis://me:secret@a?nonsense=1");
  expect(mistake).toThrow("redis://…@a?nonsense=1");
  expect(mistake).not.toThrow("secret");
});
