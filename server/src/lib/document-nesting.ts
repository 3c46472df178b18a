/** How deeply a text of YAML is nested, found out before it is parsed. */

import { Lexer } from "yaml";

/** Whether more brackets of it are open at once, or more lists and maps begin in one line, than that. Takes a third of what parsing does. */
export function isNestedDeeper(text: string, nestingMax: number): boolean {
  let [open, begun] = [0, 0];
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") open += 1;
    else if (token === "]" || token === "}") open = Math.max(0, open - 1);
    else if (token.includes("\n")) begun = 0;
    else if (open === 0 && /^[-?:]$/.test(token)) begun += 1;
    if (open > nestingMax || begun > nestingMax) return true;
  }
  return false;
}
