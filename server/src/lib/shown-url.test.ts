import { expect, test } from "vitest";
import { shownUrl } from "./shown-url.ts";

test.each([
  ["postgres://ada:secret@db:5433/work", "postgres://…@db:5433/work"],
  [
    "postgres://db/work?schema=a&password=secret&readers=2",
    "postgres://db/work?schema=a&password=…&readers=2",
  ],
  ["redis://:se@cr/et?@db/0?prefix=a", "redis://…@db/0?prefix=a"],
  ["redis:///?socket=/tmp/a@b", "redis:///?socket=/tmp/a@b"],
  ["sqlite:///home/ada@work/stem.db", "sqlite:///home/ada@work/stem.db"],
  ["memory:", "memory:"],
])("%s is shown as %s", (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
