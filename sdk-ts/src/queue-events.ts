import { timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient, type Transport } from "@connectrpc/connect";
import type { QueueEvent as QueueEventMessage } from "@stem/proto/stem/v1/queue_event_pb";
import { QueueEventService } from "@stem/proto/stem/v1/queue_event_service_pb";
import { jsonCodec } from "./codec/json.ts";
import { payloadFromProto, payloadToProto } from "./codec/payload.ts";
import { type FollowDeps, followed } from "./followed.ts";
import { newTaskId } from "./ids.ts";
import type { OperatorCalls } from "./operator-calls.ts";

/** Something that somebody made known on a queue. */
export type QueueEvent = {
  /** Its place among all events of the queue, from 0. To go on behind it: `from: offset + 1`. */
  readonly offset: number;
  readonly id: string;
  readonly queue: string;
  /** What happened, in a word. */
  readonly name: string;
  /** More about it: a Uint8Array, or what JSON has; undefined: nothing. */
  readonly payload: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** When the server took it. */
  readonly emittedAt: Date;
};

/** How to make an event known. */
export type EmitOptions = {
  /** What goes with it: at most 64, 32 KiB in all. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Its id, for whoever may make it known twice. Default: a new UUID. */
  readonly id?: string;
};

/** An event that is known. */
export type EmittedEvent = {
  readonly id: string;
  readonly offset: number;
  /** True when an earlier call had made it known. */
  readonly deduplicated: boolean;
};

/** Which events to watch. */
export type WatchEventsOptions = {
  /** The first place of interest; 0: all that is kept. Default: what is emitted from now on. */
  readonly from?: number;
  /** Only events of these names, at most 100. Default: of any. */
  readonly names?: readonly string[];
  /** Stops watching when it aborts, with its reason. */
  readonly signal?: AbortSignal;
  /**
   * Called when events were dropped, by age or by the server's bounds, before this watcher came to them: everything before `keptFrom`,
   * `dropped` events of the queue in all.
   */
  readonly onDropped?: (gap: { readonly keptFrom: number; readonly dropped: number }) => void;
};

/** Named events on queues, for whoever watches: no tasks, and nobody has to do anything about them. */
export interface QueueEvents {
  /** Makes an event known, durably. `payload`: anything JSON can write, or a Uint8Array; at most 64 KiB. */
  emit(queue: string, name: string, payload?: unknown, options?: EmitOptions): Promise<EmittedEvent>;
  /**
   * Events of a queue as they come, each once to each watcher, also over breaks of the connection. Ends only with its reader, its
   * signal or its client.
   */
  watch(queue: string, options?: WatchEventsOptions): AsyncIterable<QueueEvent>;
}

/** What queue events need of their client. */
export type QueueEventsDeps = FollowDeps &
  OperatorCalls & {
    /** Where open streams go. */
    readonly waits: Transport;
  };

/** Makes them over two connections. */
export function createQueueEvents(deps: QueueEventsDeps): QueueEvents {
  const { inNamespace, timed, call } = deps;
  const service = createClient(QueueEventService, deps.transport);
  const waits = createClient(QueueEventService, deps.waits);
  return {
    async emit(queue, name, payload, { headers = {}, id = newTaskId() } = {}) {
      const said = payloadToProto(jsonCodec.encode(payload));
      const request = { ...inNamespace, queue, name, headers, eventId: id, ...(said && { payload: said }) };
      const { eventId, offset, deduplicated } = await call(() => service.emitQueueEvent(request, timed));
      return { id: eventId, offset: Number(offset), deduplicated };
    },
    async *watch(queue, { from, names = [], signal, onDropped } = {}) {
      const pages = followed(deps, {
        open: (fromOffset, stop) =>
          waits.watchQueueEvents(
            { ...inNamespace, queue, names: [...names], ...(fromOffset !== undefined && { fromOffset }) },
            { signal: stop },
          ),
        from: placeOf(from),
        nextOf: ({ nextOffset }) => nextOffset,
        isLast: () => false,
        signal,
      });
      for await (const { events, gap } of pages) {
        if (gap) onDropped?.({ keptFrom: Number(gap.keptFromOffset), dropped: Number(gap.droppedCount) });
        for (const event of events) yield eventFromProto(event);
      }
    },
  };
}

function placeOf(from: number | undefined): bigint | undefined {
  if (from === undefined) return undefined;
  if (!(Number.isSafeInteger(from) && from >= 0))
    throw new RangeError(`from must be a whole number, 0 or more; it is ${from}`);
  return BigInt(from);
}

const eventFromProto = (event: QueueEventMessage): QueueEvent => ({
  offset: Number(event.offset),
  id: event.id,
  queue: event.queue,
  name: event.name,
  payload: jsonCodec.decode(payloadFromProto(event.payload)),
  headers: event.headers,
  emittedAt: event.emitTime ? timestampDate(event.emitTime) : new Date(0),
});
