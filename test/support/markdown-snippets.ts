/** A TypeScript example of a document. Its file is named by a first line such as `// worker.ts`, or by its number. */
export interface Snippet {
  readonly file: string;
  readonly text: string;
}

/** The TypeScript examples of a Markdown text, in its order. */
export function snippetsOf(markdown: string): Snippet[] {
  return [...markdown.matchAll(/^```(?:ts|typescript)\b[^\n]*\n(.*?)^```/gms)].map(
    ([, text = ""], index) => ({
      file: /^\/\/ ([\w-]+\.ts)\s*$/m.exec(text.split("\n", 1)[0] ?? "")?.[1] ?? `snippet-${index + 1}.ts`,
      text,
    }),
  );
}
