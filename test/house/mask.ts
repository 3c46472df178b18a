/** A source text without its comments and literals. */
export interface Masked {
  /** Same length in lines; comments and template text are gone, each string literal is `"#n"`. */
  readonly code: string;
  /** What stood in literal n. */
  readonly strings: readonly string[];
}

/** After one of these a slash begins a regular expression; after anything else it divides. */
const beforeRegExp = /(^|[(,=:[!&|?{};+\-*%~^<>\n]|\b(return|typeof|case|in|of|await|yield|throw))$/;

/** Takes comments, strings, templates and regular expressions out of TypeScript, so that what is left can be searched. */
export function mask(text: string): Masked {
  const strings: string[] = [];
  let code = "";
  let at = 0;
  /** Depth of braces inside each `${` that is open; the innermost is last. */
  const templates: number[] = [];

  const skipTo = (end: number): void => {
    code += text.slice(at, end).replaceAll(/[^\n]/g, "");
    at = end;
  };
  const templateText = (): void => {
    const end = endOfTemplateText(text, at);
    skipTo(end);
    if (text[end] === "`") at += 1;
    else if (end < text.length) {
      at += 2;
      code += "(";
      templates.push(0);
    }
  };

  while (at < text.length) {
    const char = text[at] ?? "";
    const pair = text.slice(at, at + 2);
    if (pair === "//") skipTo(orEnd(text, text.indexOf("\n", at)));
    else if (pair === "/*") skipTo(orEnd(text, text.indexOf("*/", at + 2)) + 2);
    else if (char === '"' || char === "'") {
      const end = endOfQuoted(text, at + 1, char);
      code += `"#${strings.push(text.slice(at + 1, end)) - 1}"`;
      at = end + 1;
    } else if (char === "`") {
      at += 1;
      templateText();
    } else if (char === "/" && beforeRegExp.test(code.trimEnd())) {
      skipTo(endOfRegExp(text, at + 1) + 1);
      code += "/re/";
    } else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      code += ")";
      at += 1;
      templateText();
    } else {
      const depth = templates.length - 1;
      if (depth >= 0 && char === "{") templates[depth] = (templates[depth] ?? 0) + 1;
      if (depth >= 0 && char === "}") templates[depth] = (templates[depth] ?? 0) - 1;
      code += char;
      at += 1;
    }
  }
  return { code, strings };
}

function orEnd(text: string, index: number): number {
  return index < 0 ? text.length : index;
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let i = from; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === quote || text[i] === "\n") return i;
  }
  return text.length;
}

function endOfTemplateText(text: string, from: number): number {
  for (let i = from; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "`" || text.startsWith("${", i)) return i;
  }
  return text.length;
}

function endOfRegExp(text: string, from: number): number {
  let inClass = false;
  for (let i = from; i < text.length; i += 1) {
    const char = text[i];
    if (char === "\\") i += 1;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if ((char === "/" && !inClass) || char === "\n") return i;
  }
  return text.length;
}
