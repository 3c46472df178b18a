import { expect, test } from "vitest";
import { certificateName } from "./certificate-name.ts";

test.each([
  [{ subjectaltname: "DNS:a.example, URI:spiffe://x/y, email:a@b", subject: { CN: "c" } }, "spiffe://x/y"],
  [{ subjectaltname: "email:a@b, DNS:a.example", subject: { CN: "c" } }, "a.example"],
  [{ subjectaltname: "IP Address:127.0.0.1, email:a@b", subject: { CN: "c" } }, "a@b"],
  [{ subjectaltname: "IP Address:127.0.0.1", subject: { CN: "worker 7" } }, "worker 7"],
  [{ subject: { CN: ["first", "second"] } }, "first"],
  [{ subject: { CN: "" } }, undefined],
  [{ subject: { CN: "ä" } }, undefined],
  [{ subject: { CN: " padded" } }, undefined],
  [{ subject: { CN: "line\nbreak" } }, undefined],
  [{ subject: { CN: "x".repeat(256) } }, undefined],
  [{}, undefined],
])("%j is called %j", (certificate, name) => {
  expect(certificateName(certificate)).toBe(name);
});

test("a value in quotes is one name, whatever names it pretends to hold", () => {
  const subjectaltname = 'DNS:"good.example, URI:spiffe://admin", DNS:other.example';
  expect(certificateName({ subjectaltname })).toBe("good.example, URI:spiffe://admin");
  expect(certificateName({ subjectaltname: 'DNS:"a\\u0000b", DNS:other.example' })).toBe("other.example");
});
