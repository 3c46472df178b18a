import { clone, create } from "@bufbuild/protobuf";
import type { Queue as QueueMessage } from "@stem/proto/stem/v1/queue_pb";
import {
  CreateQueueResponseSchema,
  DeleteQueueResponseSchema,
  GetQueueResponseSchema,
  type ListQueuesRequest,
  ListQueuesRequestSchema,
  type ListQueuesResponse,
  ListQueuesResponseSchema,
  PauseQueueResponseSchema,
  type PurgeQueueRequest,
  PurgeQueueResponseSchema,
  QueueService,
  ResumeQueueResponseSchema,
  UpdateQueueResponseSchema,
} from "@stem/proto/stem/v1/queue_service_pb";
import { type Namespace, type QueueRef, queueNameOf } from "../../model/ids.ts";
import type { Queue } from "../../model/queue.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { type PageQuestion, pageSizeOf } from "../convert/page-token.ts";
import {
  priorityToProto,
  queueToProto,
  resumeInstantOf,
  settingsChange,
  settingsFromProto,
} from "../convert/queue.ts";
import { requesterOf } from "../convert/requester.ts";
import type { ServiceDeps } from "../service-deps.ts";

type QueueServiceDeps = Pick<ServiceDeps, "broker" | "clock" | "limits" | "namespaces" | "pageTokens">;

/** Serves operators of queues. */
export function createQueueService(deps: QueueServiceDeps): ServiceEntry {
  const { broker, clock, limits, namespaces } = deps;
  const show = (queue: Queue): QueueMessage => queueToProto(queue, clock.now());
  const refOf = (request: { readonly namespace?: string | undefined; readonly queue: string }): QueueRef => ({
    namespace: namespaces(request.namespace),
    queue: queueNameOf(request.queue),
  });
  return serve(QueueService, {
    listQueues: (request) => listQueues(request, deps, show),
    async getQueue(request) {
      const { queue, priorities } = await broker.getQueueInDepth(refOf(request));
      return create(GetQueueResponseSchema, {
        queue: show(queue),
        readyByPriority: priorities.map(priorityToProto),
      });
    },
    async pauseQueue(request, { caller }) {
      const { reason, resume, requester } = request;
      const resumeAt = resumeInstantOf(resume, { now: clock.now(), limits });
      const more = { by: requesterOf(requester, caller), resumeAt };
      const queue = await broker.pauseQueue(refOf(request), reason, more);
      return create(PauseQueueResponseSchema, { queue: show(queue) });
    },
    async resumeQueue(request) {
      return create(ResumeQueueResponseSchema, { queue: show(await broker.resumeQueue(refOf(request))) });
    },
    async purgeQueue(request) {
      const purged = await broker.purgeQueue(refOf(request), expectedOf(request));
      return create(PurgeQueueResponseSchema, { purgedCount: BigInt(purged) });
    },
    async createQueue(request) {
      const { queue, created } = await broker.createQueue(
        refOf(request),
        settingsFromProto(request.settings),
      );
      return create(CreateQueueResponseSchema, { queue: show(queue), created });
    },
    async updateQueue(request) {
      const { expectedRevision } = request;
      const revision = expectedRevision === undefined ? undefined : Number(expectedRevision);
      const queue = await broker.updateQueue(refOf(request), { revision, apply: settingsChange(request) });
      return create(UpdateQueueResponseSchema, { queue: show(queue) });
    },
    async deleteQueue(request) {
      const { cancelled, leased } = await broker.deleteQueue(refOf(request), request.force);
      return create(DeleteQueueResponseSchema, {
        cancelledCount: BigInt(cancelled),
        leasedCount: BigInt(leased),
      });
    },
  });
}

async function listQueues(
  request: ListQueuesRequest,
  { broker, limits, namespaces, pageTokens }: QueueServiceDeps,
  show: (queue: Queue) => QueueMessage,
): Promise<ListQueuesResponse> {
  const namespace = namespaces(request.namespace);
  const question = listQueuesQuestion(request, namespace);
  const cursor = pageTokens.read(question, request.pageToken);
  const after = cursor === undefined ? undefined : queueNameOf(cursor);
  const pageSize = pageSizeOf(request.pageSize, limits);
  // One more than is shown tells whether there is a next page.
  const found = await broker.listQueues(namespace, after, pageSize + 1);
  const shown = found.slice(0, pageSize);
  return create(ListQueuesResponseSchema, {
    queues: shown.map(show),
    nextPageToken: pageTokens.sign(question, found.length > pageSize ? shown.at(-1)?.name : undefined),
  });
}

function listQueuesQuestion(request: ListQueuesRequest, namespace: Namespace): PageQuestion {
  const question = clone(ListQueuesRequestSchema, request);
  return {
    schema: ListQueuesRequestSchema,
    request: Object.assign(question, { namespace, pageSize: 0, pageToken: "" }),
  };
}

/** A number that no queue has waiting, so that an unconfirmed purge is refused and told how many wait. */
const unconfirmed = -1;

function expectedOf({ confirmation }: PurgeQueueRequest): number | "any" {
  if (confirmation.case === "anyCount") return "any";
  return confirmation.case === "expectedCount" ? Number(confirmation.value) : unconfirmed;
}
