import { namespaceOf, type QueueRef, queueNameOf, type TaskRef, taskIdOf } from "../../model/ids.ts";
import type { GateNews } from "../../ports/gate-store.ts";
import type { OthersNews } from "../../ports/others-news.ts";

/** One thing that is told: by SQL, that there are tasks in the inbox; by servers, that tasks of a queue became ready, a task changed or is to stop, an event was made known. */
export type Hint =
  | readonly [kind: "ready", namespace: string, queue: string, count: number]
  | readonly [kind: "changed" | "cancelled", namespace: string, id: string]
  | readonly [kind: "emitted", namespace: string, queue: string]
  | readonly [kind: "inbox", none: string, nothing: string];

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

/** What some hints mean for whoever hands out tasks, and for whoever waits for them. */
export function newsOf(hints: readonly Hint[]): { readonly gates: GateNews; readonly others: OthersNews } {
  const opened: { readonly queue: QueueRef; readonly count: number }[] = [];
  const told = { changed: [] as TaskRef[], cancelled: [] as TaskRef[], emitted: [] as QueueRef[] };
  for (const [kind, space, name, count] of hints) {
    if (kind === "inbox") continue;
    const namespace = namespaceOf(space);
    const queue = { namespace, queue: queueNameOf(name) };
    if (kind === "ready") opened.push({ queue, count: count ?? 1 });
    else if (kind === "emitted") told.emitted.push(queue);
    else told[kind].push({ namespace, id: taskIdOf(name) });
  }
  return { gates: { opened, wakeAt: undefined }, others: { ...told, isReread: false } };
}
