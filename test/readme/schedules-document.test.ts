import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { startStem } from "../support/whole-stem.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/beat.md"), "utf8");

test("the document that the page on schedules shows is applied as it stands, and again without a change", async () => {
  const [, document] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  if (document === undefined) throw new Error("the page shows no document");
  const { stem } = await startStem();
  const verdicts = async () =>
    (await stem.schedules.apply(document, { prunePrefix: "reports/" })).map(({ id, verdict }) => [
      id,
      verdict,
    ]);
  expect(await verdicts()).toEqual([
    ["reports/nightly", "created"],
    ["reports/weekly", "created"],
  ]);
  expect(await verdicts()).toEqual([
    ["reports/nightly", "unchanged"],
    ["reports/weekly", "unchanged"],
  ]);
  const { settings } = await stem.schedules.get("reports/nightly");
  expect(settings).toMatchObject({
    spec: { kind: "cron", expression: "0 3 * * *", timeZone: "Europe/Paris" },
    ...{ overlap: "skip", catchUp: { withinMs: 3_600_000 } },
  });
});
