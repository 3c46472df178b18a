import { create } from "@bufbuild/protobuf";
import {
  EmitQueueEventResponseSchema,
  QueueEventService,
  type WatchQueueEventsResponse,
} from "@stem/proto/stem/v1/queue_event_service_pb";
import { type QueueRef, queueNameOf } from "../../model/ids.ts";
import type { QueueEventPage } from "../../ports/queue-event-store.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { queueEventBody, queueEventResponses } from "../convert/queue-event.ts";
import { watchTimeoutMs } from "../convert/watch-timeout.ts";
import type { ServiceDeps } from "../service-deps.ts";

type QueueEventServiceDeps = Pick<
  ServiceDeps,
  "queueEvents" | "random" | "limits" | "namespaces" | "watched"
>;

/** Serves those who make events known on queues, and those who watch them. */
export function createQueueEventService(deps: QueueEventServiceDeps): ServiceEntry {
  const { queueEvents, random, limits, namespaces, watched } = deps;
  const refOf = (request: { readonly namespace?: string | undefined; readonly queue: string }): QueueRef => ({
    namespace: namespaces(request.namespace),
    queue: queueNameOf(request.queue),
  });

  async function* responses(
    pages: AsyncIterable<QueueEventPage>,
    { queue }: QueueRef,
  ): AsyncIterable<WatchQueueEventsResponse> {
    for await (const page of pages) yield* queueEventResponses(page, queue, limits.frameBytesMax);
  }

  return serve(QueueEventService, {
    async emitQueueEvent(request) {
      const ref = refOf(request);
      const { name, eventId = random.taskId() } = request;
      const event = { ref, id: eventId, name, body: queueEventBody(request, limits) };
      const { offset, deduplicated } = await queueEvents.emit(event);
      return create(EmitQueueEventResponseSchema, { eventId, offset: BigInt(offset), deduplicated });
    },
    watchQueueEvents(request, { signal }) {
      const { fromOffset, names, timeout } = request;
      const ref = refOf(request);
      const from = fromOffset === undefined ? undefined : Number(fromOffset);
      const wanted = { ref, from, names, timeoutMs: watchTimeoutMs(timeout, limits) };
      return watched(responses(queueEvents.watch(wanted, signal), ref));
    },
  });
}
