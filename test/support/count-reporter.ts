import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Reporter, TestModule, Vitest } from "vitest/node";
import { coverageFile, coverageRows, fixedPart } from "./coverage.ts";

/**
 * Prints what was left out and why, what failed, and `N passed, N failed` as the last line of a run. A file that could not be loaded,
 * a hook that failed, an error outside any test, and a test that the list of what is covered names and that did not run each count as
 * one failed: `0 failed` never stands under a red run.
 */
export function createCountReporter(): Reporter {
  let vitest: Vitest | undefined;
  return {
    onInit(running) {
      vitest = running;
    },
    onTestRunEnd(modules, unhandledErrors) {
      let passed = 0;
      let failed = unhandledErrors.length + (modules.length === 0 ? 1 : 0);
      for (const error of unhandledErrors) say(`FAILED: outside any test: ${firstLine(error)}`);
      for (const module of modules) {
        const brokenHere = [...module.children.allSuites()].flatMap((suite) => suite.errors());
        const broken = [...module.errors(), ...brokenHere];
        failed += broken.length;
        for (const error of broken) say(`FAILED: ${fileOf(module)}: ${firstLine(error)}`);
        for (const test of module.children.allTests()) {
          const result = test.result();
          if (result.state === "passed") passed += 1;
          if (result.state === "failed") {
            failed += 1;
            say(`FAILED: ${fileOf(module)}: ${test.fullName}`);
          }
          if (result.state === "skipped" && result.note) say(`LEFT OUT: ${test.fullName}: ${result.note}`);
        }
      }
      // Whoever asked for some tests by name knows that the others did not run.
      const missing = vitest?.config.testNamePattern ? [] : coveredButNotRun(modules);
      for (const line of missing) say(`NOT RUN: ${line}`);
      if (missing.length > 0) process.exitCode = 1;
      say(`${passed} passed, ${failed + missing.length} failed`);
    },
  };
}

/** Rows of the list of what is covered whose test should have run with these files, and did not. */
function coveredButNotRun(modules: readonly TestModule[]): string[] {
  if (!existsSync(coverageFile)) return [];
  const ran = new Map<string, string[]>();
  for (const module of modules) ran.set(fileOf(module), namesRun(module));
  return coverageRows(readFileSync(coverageFile, "utf8")).flatMap(({ no, tests }) =>
    tests.flatMap(({ file, name }) => {
      const names = file.endsWith(".test.ts") ? (ran.get(file) ?? []) : casesRun(ran, path.dirname(file));
      if (names.length === 0) return [];
      return names.some((each) => each.includes(fixedPart(name))) ? [] : [`row ${no}: ${file}: ${name}`];
    }),
  );
}

/** Cases that are run over every store stand in a file of their own; the test files of the stores run them, beside it or below. */
const casesRun = (ran: ReadonlyMap<string, string[]>, folder: string): string[] =>
  [...ran]
    .filter(([file]) => file.startsWith(`${folder}/`) && ofStore.test(file))
    .flatMap(([, names]) => names);

const ofStore = /\/(memory|sqlite|postgres|redis)\.test\.ts$/;

const fileOf = (module: TestModule): string => path.relative(process.cwd(), module.moduleId);

const firstLine = ({ message }: { readonly message: string }): string => message.split("\n", 1)[0] ?? "";

const namesRun = (module: TestModule): string[] =>
  [...module.children.allTests()]
    .filter((test) => test.result().state === "passed" || test.result().state === "failed")
    .map((test) => test.fullName);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
