import type { Caller } from "../callers.ts";

/**
 * Who asks for something, as it is kept and shown: what a request says, where nobody is asked who they are; else the caller, and behind
 * whom a request names instead: `ada via deploy-bot`. So whoever calls may speak for others, and never as somebody else.
 */
export function requesterOf(said: string, { principal }: Caller): string | undefined {
  if (principal === undefined) return said || undefined;
  return said === "" || said === principal.name ? principal.name : `${said} via ${principal.name}`;
}
