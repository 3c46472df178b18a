import type { Migration } from "./migration.ts";

/** Tasks that came together say with one row where they are: that of the first of them, and how many follow it, each one place further. */
export const placesTogether: Migration = {
  number: 18,
  name: "places-together",
  sql: "ALTER TABLE places ADD COLUMN count INTEGER NOT NULL DEFAULT 1;",
};
