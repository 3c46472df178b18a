import { expect, test } from "vitest";
import { failureOf } from "./failure.ts";
import { NonRetryable } from "./non-retryable.ts";

class QuotaExceeded extends Error {}
class CardDeclined extends NonRetryable {
  override readonly name = "CardDeclined";
}

test("an error is told by its type, its text and its stack", () => {
  const error = new RangeError("too far");
  expect(failureOf(error)).toMatchObject({
    type: "RangeError",
    message: "too far",
    stack: error.stack,
    nonRetryable: false,
  });
});

test("a subclass without a name of its own is known by its class", () => {
  expect(failureOf(new QuotaExceeded("full"))).toMatchObject({ type: "QuotaExceeded" });
});

test("a kind of NonRetryable keeps its own name", () => {
  expect(failureOf(new CardDeclined("no"))).toMatchObject({ type: "CardDeclined", nonRetryable: true });
});

test("what is no error is told all the same", () => {
  expect(failureOf("just text")).toMatchObject({ type: "string", message: "'just text'", stack: "" });
  expect(failureOf(undefined)).toMatchObject({ type: "undefined", message: "undefined" });
  expect(failureOf({ code: 7 })).toMatchObject({ type: "object", message: "{ code: 7 }" });
});

test("a huge text does not fill the frame", () => {
  expect(failureOf(new Error("x".repeat(1_000_000))).message).toHaveLength(128 * 1024);
});
