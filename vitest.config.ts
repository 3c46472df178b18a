import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { createCountReporter } from "./test/support/count-reporter.ts";

const excluded = ["**/node_modules/**", "**/dist/**"];

/** Tests that end processes or threads by force, weigh their own, or keep it busy for minutes: each file has one for itself. */
const apart = [
  "test/{chaos,command,contract,disk,fleet,main-job,pack,postgres,readme,redis}/**/*.test.ts",
  "test/story/runners/**/*.test.ts",
  "test/wire/back-pressure.test.ts",
];

// "stem-src" makes @stem/* mean its TypeScript sources, so that nothing has to be built before a test. Not "import": the processes of
// tests would take it for require(), too, and packages with two faces would meet their other one.
const conditions = ["stem-src", "node", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      { extends: true, test: { name: "apart", include: apart, exclude: excluded } },
      {
        extends: true,
        test: {
          name: "together",
          include: ["{proto,sdk-ts,worker,server,bench,examples}/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...excluded, ...apart],
          // These would spend more time on loading the server, each file once more, than on their tests.
          isolate: false,
        },
      },
    ],
    // Real servers and processes on a busy machine take their time; a test that waits for nothing still ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that leaves a server, a child or a timer behind fails.
    setupFiles: ["./test/support/open-handles.ts"],
    // Processes, not threads: node:sqlite, signals and crashes stay inside them.
    pool: "forks",
    // Most of a test's time is spent waiting for processes, disks and clocks, so even two cores do with two files at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A child process that a test forks must resolve @stem/* the same way.
    execArgv: ["--conditions=stem-src"],
    reporters: ["default", createCountReporter()],
  },
});
