import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect } from "vitest";
import { isAsPrinted, shellExamplesOf } from "../support/shell-examples.ts";
import { testWithTool } from "../support/test-with-tool.ts";
import { startStem } from "../support/whole-stem.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/canvas.md"), "utf8");
const examples = shellExamplesOf(page).filter(({ command }) => command.startsWith("grpcurl "));

/** The tasks that the page speaks of. */
const count = defineTask<[text: string], number>({ name: "count" });
const total = defineTask<[counts: readonly number[]], number>({ name: "total" });

function run(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("bash", ["-c", command], (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

testWithTool("the grpcurl examples of canvases do what the page says", {
  tool: "grpcurl",
  timeoutMs: 60_000,
  run: async (grpcurl) => {
    const { url, work } = await startStem();
    const here = url.replace("http://", "");
    await work({
      tasks: [
        implement(count, (_, text) => text.split(" ").length),
        implement(total, (_, counts) => counts.reduce((sum, each) => sum + each, 0)),
      ],
    });
    expect(examples).toHaveLength(5);
    const said: string[] = [];
    for (const { command, prints } of examples) {
      const output = await run(command.replace(/^grpcurl/, grpcurl).replace("127.0.0.1:7836", here));
      if (prints !== "") expect(isAsPrinted(output, prints), output).toBe(true);
      said.push(output);
    }
    expect(said[1]).toContain('"state": "CANVAS_STATE_SUCCEEDED"');
    expect(said[2]).toContain('"json": "3"');
    expect(said[3]).toContain('"id": "report-7"');
    expect(said[4]).toContain("CANVAS_STATE_SUCCEEDED");
  },
});
