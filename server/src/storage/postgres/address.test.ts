import { expect, test } from "vitest";
import { readAddress } from "./address.ts";

test("an address says where its schema is, and leaves the rest to the client", () => {
  expect(readAddress("postgres://ada:secret@db:5433/work?sslmode=require")).toEqual({
    client: { connectionString: "postgres://ada:secret@db:5433/work?sslmode=require" },
    schema: "stem",
    readers: 4,
  });
  expect(readAddress("postgresql:///work?host=/run/postgresql&schema=other_1&readers=64")).toEqual({
    client: { connectionString: "postgresql:///work?host=%2Frun%2Fpostgresql" },
    schema: "other_1",
    readers: 64,
  });
});

test.each(["Stem", "1stem", "pg_stem", "a-b", 'a"; DROP TABLE x', "", "a".repeat(64)])(
  "the schema %j is refused",
  (schema) => {
    expect(() => readAddress(`postgres://db/work?schema=${encodeURIComponent(schema)}`)).toThrow(
      /^the schema /,
    );
  },
);

test.each(["0", "65", "1.5", "many", ""])("%j readers are refused", (readers) => {
  expect(() => readAddress(`postgres://db/work?readers=${readers}`)).toThrow(/^readers must be/);
});

test("a password is not in what is said of a bad address", () => {
  expect(() => readAddress("postgres://ada:secret@")).toThrow(/^(?!.*secret).*$/);
});
