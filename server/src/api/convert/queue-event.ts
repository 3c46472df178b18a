/** Events of queues: on their way in, checked and encoded as they are kept; and on their way to a watcher. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type QueueEvent as QueueEventMessage, QueueEventSchema } from "@stem/proto/stem/v1/queue_event_pb";
import {
  type EmitQueueEventRequest,
  QueueEventGapSchema,
  type WatchQueueEventsResponse,
  WatchQueueEventsResponseSchema,
} from "@stem/proto/stem/v1/queue_event_service_pb";
import type { Bytes, QueueName } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { QueueEvent } from "../../model/queue-event.ts";
import type { QueueEventPage } from "../../ports/queue-event-store.ts";
import { isProblem } from "./checked.ts";
import { readOptionalPayload } from "./payload.ts";
import { timestampFromInstant } from "./time.ts";

/** What an event carries, as it is kept. Throws what is wrong with it. */
export function queueEventBody({ payload: said, headers }: EmitQueueEventRequest, limits: Limits): Bytes {
  const entries = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  const headerBytes = entries.reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0);
  if (entries.length > limits.headersMax)
    throw fieldInvalid("headers", `must have at most ${limits.headersMax} entries`);
  if (headerBytes > limits.headersBytesMax)
    throw fieldInvalid("headers", `must have at most ${limits.headersBytesMax} bytes in all`);
  const place = {
    field: "payload",
    bytesMax: limits.queueEventBytesMax,
    tooLarge: "PAYLOAD_TOO_LARGE",
  } as const;
  const payload = readOptionalPayload(said, place, limits);
  if (payload && isProblem(payload)) throw new StemProblem(payload);
  // Sorted, so that the same event is the same bytes.
  const event = create(QueueEventSchema, {
    ...(payload && { payload }),
    headers: Object.fromEntries(entries),
  });
  return toBinary(QueueEventSchema, event, { writeUnknownFields: false });
}

/** More than an event's texts, numbers and times take when encoded, but for its body. */
const eventOverheadBytes = 1024;

/** A page as messages, each within a frame's bound. */
export function* queueEventResponses(
  { events: found, gap, next }: QueueEventPage,
  queue: QueueName,
  frameBytesMax: number,
): Iterable<WatchQueueEventsResponse> {
  let events: QueueEventMessage[] = [];
  let bytes = 0;
  let lost =
    gap &&
    create(QueueEventGapSchema, {
      ...{ keptFromOffset: BigInt(gap.keptFrom), droppedCount: BigInt(gap.dropped) },
    });
  const take = (nextOffset: number): WatchQueueEventsResponse => {
    const response = create(WatchQueueEventsResponseSchema, {
      ...{ events, nextOffset: BigInt(nextOffset) },
      ...(lost && { gap: lost }),
    });
    [events, bytes, lost] = [[], 0, undefined];
    return response;
  };
  for (const event of found) {
    const eventBytes = event.body.length + eventOverheadBytes;
    if (events.length > 0 && bytes + eventBytes > frameBytesMax) yield take(event.offset);
    events.push(eventToProto(event, queue));
    bytes += eventBytes;
  }
  yield take(next);
}

function eventToProto({ offset, id, name, at, body }: QueueEvent, queue: QueueName): QueueEventMessage {
  const message = fromBinary(QueueEventSchema, body);
  return Object.assign(message, {
    ...{ offset: BigInt(offset), id, queue, name },
    emitTime: timestampFromInstant(at),
  });
}
