import { type TestContext, test } from "vitest";
import { hasGo, type ToolName, tools } from "../../scripts/external-tools.ts";

/** What a test that runs a tool is made of. */
export interface ToolTest {
  readonly tool: ToolName;
  readonly timeoutMs: number;
  /** Gets the command that runs the tool. */
  readonly run: (command: string, context: TestContext) => Promise<void>;
}

/**
 * A test that needs a program of this machine. Where the program is missing the test is skipped with the way to add
 * it as its note, which the run prints at its end. With CI set it fails instead, and so it does where Go is there but
 * grpcurl is not: that is a broken set-up, not a missing tool.
 */
export function testWithTool(sentence: string, { tool, timeoutMs, run }: ToolTest): void {
  test(sentence, { timeout: timeoutMs }, async (context) => {
    const { find, howToAdd } = tools[tool];
    const command = find();
    if (command !== undefined) return run(command, context);
    const missing = `${tool} is not installed: ${howToAdd}`;
    if (process.env["CI"] || (tool === "grpcurl" && hasGo())) throw new Error(missing);
    return context.skip(missing);
  });
}
