import type { BareHint, TaskHint } from "../hints.ts";

/** One thing that is told: by servers, what storage/hints.ts says; by SQL, that there are tasks in the inbox. */
export type Hint = TaskHint | BareHint<"inbox">;

/** What goes over the wire. `isNew`: whoever hears it is to say that they are there, too. */
export type Message = {
  readonly from: string;
  readonly isNew?: boolean | undefined;
  readonly hints: readonly Hint[];
};

/** A notification has less than 8000 bytes. */
const messageBytesMax = 7900;
/** So many are sent at once; what is beyond is not told. */
const messagesMax = 50;

/** Packs hints into as few messages as they fit into. */
export function packHints(from: string, hints: Iterable<Hint>): readonly string[] {
  const empty = JSON.stringify({ from, hints: [] });
  const messages: string[] = [];
  let texts: string[] = [];
  let bytes = empty.length;
  const close = (): void => {
    if (texts.length > 0) messages.push(`${empty.slice(0, -2)}${texts.join(",")}]}`);
    texts = [];
    bytes = empty.length;
  };
  for (const hint of hints) {
    const text = JSON.stringify(hint);
    const own = Buffer.byteLength(text) + 1;
    if (bytes + own > messageBytesMax) close();
    if (messages.length === messagesMax) return messages;
    texts.push(text);
    bytes += own;
  }
  close();
  return messages;
}
