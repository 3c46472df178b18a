import { expect, test } from "vitest";
import { baseUrlOf, defaultUrl } from "./address.ts";

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
