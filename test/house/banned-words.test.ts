import { expect, test } from "vitest";
import { mask } from "./mask.ts";
import { expectNone, isTestFile, lookedAt, readSource, repositoryFiles } from "./source-files.ts";

/** A word that is not written, where, and what is written instead. */
interface Ban {
  readonly word: RegExp;
  readonly instead: string;
  readonly where: (file: string) => boolean;
  /** Also in comments and texts, and in files that are not TypeScript. */
  readonly inText?: true;
}

const isCode = (file: string): boolean => /\.(ts|mjs|js)$/.test(file);
const isProduct = (file: string): boolean => /^(sdk-ts|worker|server)\/src\//.test(file) && !isTestFile(file);
/** These checks name what they ban. */
const isHouse = (file: string): boolean => file.startsWith("test/house/");
/** The rooms of the server that see time, chance and the environment only through a port. */
const isInner = (file: string): boolean =>
  isProduct(file) && /^server\/src\/(?!lib\/|api\/|storage\/|telemetry\/|[^/]+$)/.test(file);
/** Tests may wait for an event with a deadline; the means for that are in test/support. In a crash test time must pass. */
const isTest = (file: string): boolean => isTestFile(file) && !/^test\/(support|chaos)\//.test(file);

const bans: readonly Ban[] = [
  {
    word: /\bDate\.now\(|\bnew Date\(\)/,
    instead: "take the Clock port, or `now` as an argument",
    where: isInner,
  },
  { word: /\bperformance\.now\(|\bhrtime\b/, instead: "take the Clock port", where: isInner },
  { word: /\bMath\.random\(/, instead: "take the Random port", where: isInner },
  {
    word: /\brandom(UUID|Bytes|Int)\w*\(/,
    instead: "take the Random port, or the id as an argument",
    where: isInner,
  },
  {
    word: /\bset(Timeout|Interval|Immediate)\(/,
    instead: "take the Clock port or lib/loop.ts",
    where: isInner,
  },
  {
    word: /\bprocess\.env\b/,
    instead: "the environment is read in server/src/config only; take the value as an option",
    where: (file) => isProduct(file) && !file.startsWith("server/src/config/"),
  },
  {
    word: /\bconsole\./,
    instead: "use the log that was handed in",
    where: (file) => isCode(file) && !/^(bench|cli|examples|scripts)\//.test(file),
  },
  {
    word: /\bas any\b|: any\b|<any>|\bany\[\]/,
    instead: "use unknown and look, or say the type",
    where: isCode,
  },
  { word: /\b(test|it|describe)\.only\(/, instead: "run one test with `npx vitest run -t`", where: isCode },
  {
    word: /\b(test|it|describe)\.(skip|todo|fails)\b/,
    instead: "delete it, or skip inside the test with context.skip(reason)",
    where: isCode,
  },
  {
    word: /\bsetTimeout\(|\bsleep\(|\bdelay\(/,
    instead: "wait for an event with a deadline (test/support)",
    where: isTest,
  },
  {
    word: /\bexport default\b/,
    instead: "export it by its name",
    where: (file) => isCode(file) && file !== "vitest.config.ts",
  },
  {
    word: /@ts-ignore|@ts-nocheck/,
    instead: "mend the type",
    where: (file) => isCode(file) && !isHouse(file),
    inText: true,
  },
  {
    word: /\b(TODO|FIXME|XXX|HACK)\b/,
    instead: "do it, or write an issue",
    where: (file) => /\.(ts|mjs|js|proto|md|py|ya?ml|json)$/.test(file) && !isHouse(file),
    inText: true,
  },
];

/** Every banned word of one file, with its line and the replacement. */
function findings(file: string, text: string): string[] {
  const wanted = bans.filter(({ where }) => where(file));
  if (wanted.length === 0) return [];
  const code = isCode(file) ? mask(text).code.split("\n") : [];
  const lines = text.split("\n");
  return wanted.flatMap(({ word, instead, inText }) =>
    (inText ? lines : code).flatMap((line, index) => {
      const found = word.exec(line)?.[0];
      return found === undefined ? [] : [`${file}:${index + 1}: ${found} is not written here: ${instead}`];
    }),
  );
}

test("no banned word is written", () => {
  const files = repositoryFiles().filter((file) => file !== "package-lock.json");
  lookedAt("banned words", files.length, 170);
  expectNone(files.flatMap((file) => findings(file, readSource(file))));
});

test.each([
  ["server/src/broker/claim.ts", "const now = Date.now();", 1],
  ["server/src/broker/claim.ts", "// not Date.now(), which jumps", 0],
  ["server/src/lib/loop.ts", "setTimeout(run, 1);", 0],
  ["server/src/main.ts", "const now = Date.now();", 0],
  ["server/src/api/listener.ts", "process.env.PORT", 1],
  ["worker/src/worker.ts", "const x = y as any;", 1],
  ["bench/main.ts", "console.log(1);", 0],
  ["worker/src/worker.test.ts", "test.only('a', f);", 1],
  ["test/wire/a.test.ts", "await sleep(10);", 1],
])("%s: %s has %i findings", (file, text, count) => {
  expect(findings(file, text)).toHaveLength(count);
});
