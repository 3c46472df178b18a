import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { createCountReporter } from "./test/support/count-reporter.ts";

// "stem-src" makes @stem/* mean its TypeScript sources, so that nothing has to be built before a test. Not "import": the processes of
// tests would take it for require(), too, and packages with two faces would meet their other one.
const conditions = ["stem-src", "node", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["{proto,sdk-ts,worker,server,bench,examples}/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    // Real servers and processes on a busy machine take their time; a test that waits for nothing still ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that leaves a server, a child or a timer behind fails.
    setupFiles: ["./test/support/open-handles.ts"],
    // A process per file: node:sqlite, signals and crashes stay inside it.
    pool: "forks",
    // Most of a test's time is spent waiting for processes, disks and clocks, so even two cores do with two files at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A child process that a test forks must resolve @stem/* the same way.
    execArgv: ["--conditions=stem-src"],
    reporters: ["default", createCountReporter()],
  },
});
