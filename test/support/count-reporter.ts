import type { Reporter } from "vitest/node";

/**
 * Prints what was left out and why, and `N passed, N failed` as the last line of a run. A file that could not be loaded,
 * a hook that failed and an error outside any test each count as one failed: `0 failed` never stands under a red run.
 */
export function createCountReporter(): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      let passed = 0;
      let failed = unhandledErrors.length + (modules.length === 0 ? 1 : 0);
      for (const module of modules) {
        failed += module.errors().length;
        for (const suite of module.children.allSuites()) failed += suite.errors().length;
        for (const test of module.children.allTests()) {
          const result = test.result();
          if (result.state === "passed") passed += 1;
          if (result.state === "failed") failed += 1;
          if (result.state === "skipped" && result.note) say(`LEFT OUT: ${test.fullName}: ${result.note}`);
        }
      }
      say(`${passed} passed, ${failed} failed`);
    },
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
