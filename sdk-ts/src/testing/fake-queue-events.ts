import { jsonCodec } from "../codec/json.ts";
import { newTaskId } from "../ids.ts";
import type { EmitOptions, QueueEvents } from "../queue-events.ts";
import { ClientClosedError } from "../task-errors.ts";
import { NoServerError } from "./no-operators.ts";

/** An event that was made known on a fake client. */
export type RecordedEvent = {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** As a watcher would get it, encoded and decoded. */
  readonly payload: unknown;
  readonly headers: NonNullable<EmitOptions["headers"]>;
};

/** Queue events without a server: they are recorded, once for each id, and nobody watches. */
export const fakeQueueEvents = (
  recorded: Map<string, RecordedEvent & { readonly offset: number }>,
  closing: AbortSignal,
): QueueEvents => ({
  async emit(queue, name, payload, { headers = {}, id = newTaskId() } = {}) {
    if (closing.aborted) throw new ClientClosedError();
    const key = `${queue} ${id}`;
    const before = recorded.get(key);
    if (before !== undefined) return { id, offset: before.offset, deduplicated: true };
    const offset = [...recorded.values()].filter((event) => event.queue === queue).length;
    const read = jsonCodec.decode(jsonCodec.encode(payload));
    recorded.set(key, { id, queue, name, payload: read, headers: { ...headers }, offset });
    return { id, offset, deduplicated: false };
  },
  watch() {
    throw new NoServerError("queueEvents.watch needs a server; a fake client only records what is emitted");
  },
});
