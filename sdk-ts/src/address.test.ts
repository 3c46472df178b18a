import { expect, test } from "vitest";
import { addressesMax, baseUrlOf, baseUrlsOf, defaultUrl } from "./address.ts";

test("a server is named by its URL, or by host and port alone", () => {
  expect(baseUrlOf("127.0.0.1:7836")).toBe(defaultUrl);
  expect(baseUrlOf("http://localhost:80")).toBe("http://localhost");
  expect(baseUrlOf("https://stem.example:443/")).toBe("https://stem.example");
  expect(baseUrlOf("[::1]:7836")).toBe("http://[::1]:7836");
});

test.each([
  ["", "is not an address"],
  ["http://", "is not an address"],
  ["redis://127.0.0.1:6379", "has another scheme"],
  ["http://127.0.0.1:7836/v1", "has a path"],
  ["http://me:secret@127.0.0.1:7836", "has credentials"],
])("the address %j %s", (address, fault) => {
  expect(() => baseUrlOf(address)).toThrow(fault);
  expect(() => baseUrlOf(address)).toThrow("write http://host:port");
});

test("several servers are named with commas between them, or in a list", () => {
  const both = ["http://a:7836", "http://b:7837"];
  expect(baseUrlsOf("a:7836,b:7837")).toEqual(both);
  expect(baseUrlsOf("http://a:7836, http://b:7837")).toEqual(both);
  expect(baseUrlsOf(["a:7836", "http://b:7837"])).toEqual(both);
  expect(baseUrlsOf("127.0.0.1:7836")).toEqual([defaultUrl]);
});

test("an address without a scheme has that of the first", () => {
  expect(baseUrlsOf("https://a:7836,b:7836")).toEqual(["https://a:7836", "https://b:7836"]);
});

test.each([
  [[], "url must name at least one server"],
  [Array.from({ length: addressesMax + 1 }, (_, at) => `host-${at}:1`), "at most 32 servers; it names 33"],
  ["a:7836,", 'server address "" is not an address'],
  ["https://a:7836,http://b:7836", '"http://b:7836" has another scheme than the first'],
  ["a:7836,https://b:7836", '"https://b:7836" has another scheme than the first'],
  ["a:7836,http://A:7836", '"http://A:7836" is there twice'],
])("the addresses %j are refused: %s", (addresses, fault) => {
  expect(() => baseUrlsOf(addresses)).toThrow(fault);
});
