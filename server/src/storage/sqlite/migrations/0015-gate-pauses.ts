import type { Migration } from "./migration.ts";

/** Pauses of names and keys, beside their limits. A row may have nothing but a pause. */
export const gatePauses: Migration = {
  number: 15,
  name: "gate-pauses",
  sql: `
ALTER TABLE limits ADD COLUMN paused_at INTEGER;
ALTER TABLE limits ADD COLUMN pause_reason TEXT;
ALTER TABLE limits ADD COLUMN paused_by TEXT;
ALTER TABLE limits ADD COLUMN resume_at INTEGER;
`,
};
