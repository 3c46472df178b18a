import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect } from "vitest";
import { isAsPrinted, shellExamplesOf } from "../support/shell-examples.ts";
import { testWithTool } from "../support/test-with-tool.ts";
import { until } from "../support/until.ts";
import { startStem } from "../support/whole-stem.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/beat.md"), "utf8");
const examples = shellExamplesOf(page).filter(({ command }) => command.startsWith("grpcurl "));

/** The task that the page speaks of. */
const report = defineTask<[of: string], void>({ name: "report" });

function run(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("bash", ["-c", command], (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

testWithTool("the grpcurl examples of schedules do what the page says", {
  tool: "grpcurl",
  timeoutMs: 60_000,
  run: async (grpcurl) => {
    const { url, work, stem } = await startStem();
    const here = url.replace("http://", "");
    const reported: string[] = [];
    await work({ tasks: [implement(report, (_, of) => void reported.push(of))] });
    const verbs = examples.map(({ command }) => /(\w+)Schedule\w*$/.exec(command)?.[1]);
    expect(verbs).toEqual([
      ...["Create", "List", "Pause", "Preview", "Resume", "Trigger", "Backfill", "List", "Delete"],
    ]);
    for (const { command, prints } of examples) {
      if (command.includes("DeleteSchedule"))
        expect((await stem.schedules.get("nightly")).pause, "it was resumed").toBeUndefined();
      const output = await run(command.replace(/^grpcurl/, grpcurl).replace("127.0.0.1:7836", here));
      if (prints !== "") expect(isAsPrinted(output, prints), `${command}\nprinted\n${output}`).toBe(true);
    }
    await until(() => reported.length === 4, { deadlineMs: 10_000, what: "what was started to be run" });
    expect(new Set(reported)).toEqual(new Set(["visitors"]));
    expect(await Array.fromAsync(stem.schedules.list())).toEqual([]);
  },
});
