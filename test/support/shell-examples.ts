/** A command of a document, and what it says the command prints: comment lines below it, in which … stands for anything. */
export interface ShellExample {
  readonly command: string;
  readonly prints: string;
}

/** The commands in the `sh` blocks of a Markdown text, in its order; blank lines part them. */
export function shellExamplesOf(markdown: string): ShellExample[] {
  const blocks = [...markdown.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = ""]) => text);
  return blocks.flatMap((block) =>
    block
      .trim()
      .split(/\n{2,}/)
      .map(exampleOf),
  );
}

function exampleOf(text: string): ShellExample {
  const lines = text.split("\n");
  const isComment = (line: string): boolean => line.startsWith("#");
  return {
    command: lines.filter((line) => !isComment(line)).join("\n"),
    prints: lines
      .filter(isComment)
      .map((line) => line.slice(1).trim())
      .join("\n"),
  };
}

/** Whether an output is what the document says; white space does not count, since tools indent JSON as they like. */
export function isAsPrinted(output: string, prints: string): boolean {
  const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = withoutSpace(prints).split("…").map(literal).join(".*");
  return new RegExp(`^${pattern}$`, "s").test(withoutSpace(output));
}

const withoutSpace = (text: string): string => text.replaceAll(/\s/g, "");
