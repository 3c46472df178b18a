import { clone, create, type Message } from "@bufbuild/protobuf";
import {
  BroadcastDelivery as BroadcastDeliveryMessage,
  type Broadcast as BroadcastMessage,
  BroadcastSchema,
  BroadcastService,
  DeleteBroadcastResponseSchema,
  type GetBroadcastRequest,
  GetBroadcastRequestSchema,
  type GetBroadcastResponse,
  GetBroadcastResponseSchema,
  type ListBroadcastsRequest,
  ListBroadcastsRequestSchema,
  type ListBroadcastsResponse,
  ListBroadcastsResponseSchema,
  type PublishBroadcastRequest,
  PublishBroadcastResponseSchema,
} from "@stem/proto/stem/v1/broadcast_service_pb";
import type { TaskSubmission } from "../../broker/broker.ts";
import { type Broadcast, type BroadcastDelivery, listenerOf } from "../../model/broadcast.ts";
import { type Namespace, type TaskRef, taskIdOf } from "../../model/ids.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { isProblem, under } from "../convert/checked.ts";
import { createNewTaskReader } from "../convert/new-task.ts";
import { type PageQuestion, pageSizeOf } from "../convert/page-token.ts";
import { taskToProto } from "../convert/task.ts";
import { timestampFromInstant } from "../convert/time.ts";
import { durationMs } from "../convert/time-fields.ts";
import type { ServiceDeps } from "../service-deps.ts";

type BroadcastServiceDeps = Pick<
  ServiceDeps,
  "broker" | "clock" | "limits" | "defaults" | "namespaces" | "pageTokens"
>;

const deliveries: Readonly<Record<number, BroadcastDelivery>> = {
  [BroadcastDeliveryMessage.AT_LEAST_ONCE]: "at_least_once",
  [BroadcastDeliveryMessage.AT_MOST_ONCE]: "at_most_once",
};

const deliveryMessages: { readonly [D in BroadcastDelivery]: BroadcastDeliveryMessage } = {
  at_least_once: BroadcastDeliveryMessage.AT_LEAST_ONCE,
  at_most_once: BroadcastDeliveryMessage.AT_MOST_ONCE,
};

/** Serves those who publish broadcasts and look after them. */
export function createBroadcastService(deps: BroadcastServiceDeps): ServiceEntry {
  const { broker, namespaces } = deps;
  const readTask = createNewTaskReader(deps);
  const refOf = (request: {
    readonly namespace?: string | undefined;
    readonly broadcastId: string;
  }): TaskRef => ({
    namespace: namespaces(request.namespace),
    id: taskIdOf(request.broadcastId),
  });

  function submissionOf({ task }: PublishBroadcastRequest, namespace: Namespace): TaskSubmission {
    if (task === undefined) throw fieldInvalid("task", "must be there");
    const read = readTask(task, namespace, deps.clock.now());
    if (isProblem(read)) throw new StemProblem(under(read, "task."));
    if (read.queue !== undefined)
      throw fieldInvalid("task.queue", "must be left out: a broadcast has a channel");
    if (read.routingKey !== undefined)
      throw fieldInvalid("task.routing_key", "must be left out: a broadcast has a channel");
    if (task.options?.start.case !== undefined)
      throw fieldInvalid("task.options", "must not have a start: a broadcast is given out at once");
    if (read.links !== undefined)
      throw fieldInvalid("task.options.link", "must be left out: a broadcast ends once for each listener");
    return read;
  }

  return serve(BroadcastService, {
    async publishBroadcast(request) {
      const namespace = namespaces(request.namespace);
      const { id, deduplicated, listeners } = await broker.broadcasts.publish(
        namespace,
        submissionOf(request, namespace),
        {
          channel: request.channel,
          expiresMs: request.expiresAfter && durationMs(request.expiresAfter),
          delivery: deliveries[request.delivery],
        },
      );
      return create(PublishBroadcastResponseSchema, {
        broadcastId: id,
        deduplicated,
        listenerCount: listeners,
      });
    },
    getBroadcast: (request) => getBroadcast(request, refOf(request), deps),
    listBroadcasts: (request) => listBroadcasts(request, deps),
    async deleteBroadcast(request) {
      const { cancelled, running } = await broker.broadcasts.end(refOf(request));
      return create(DeleteBroadcastResponseSchema, { cancelledCount: cancelled, runningCount: running });
    },
  });
}

async function getBroadcast(
  request: GetBroadcastRequest,
  ref: TaskRef,
  { broker, limits, pageTokens }: BroadcastServiceDeps,
): Promise<GetBroadcastResponse> {
  const { namespace } = ref;
  const question = questionOf(
    GetBroadcastRequestSchema,
    clone(GetBroadcastRequestSchema, request),
    namespace,
  );
  const cursor = pageTokens.read(question, request.pageToken);
  const broadcast = await broker.broadcasts.get(ref);
  const page = {
    limit: pageSizeOf(request.pageSize, limits),
    after: cursor === undefined ? undefined : Number(cursor),
  };
  const { tasks, cursor: next } = await broker.broadcasts.deliveries(ref, page);
  return create(GetBroadcastResponseSchema, {
    broadcast: toProto(broadcast, namespace),
    outcomes: tasks.map((task) => ({
      worker: listenerOf(task),
      task: taskToProto(task, { args: false, progress: undefined }),
    })),
    nextPageToken: pageTokens.sign(question, next?.toString()),
  });
}

async function listBroadcasts(
  request: ListBroadcastsRequest,
  { broker, limits, namespaces, pageTokens }: BroadcastServiceDeps,
): Promise<ListBroadcastsResponse> {
  const namespace = namespaces(request.namespace);
  const question = questionOf(
    ListBroadcastsRequestSchema,
    clone(ListBroadcastsRequestSchema, request),
    namespace,
  );
  const cursor = pageTokens.read(question, request.pageToken);
  const page = {
    limit: pageSizeOf(request.pageSize, limits),
    after: cursor === undefined ? undefined : Number(cursor),
  };
  const { broadcasts, cursor: next } = await broker.broadcasts.list(namespace, request.channel, page);
  return create(ListBroadcastsResponseSchema, {
    broadcasts: broadcasts.map((broadcast) => toProto(broadcast, namespace)),
    nextPageToken: pageTokens.sign(question, next?.toString()),
  });
}

const questionOf = (
  schema: PageQuestion["schema"],
  request: Message,
  namespace: Namespace,
): PageQuestion => ({
  schema,
  request: Object.assign(request, { namespace, pageSize: 0, pageToken: "" }),
});

const toProto = (broadcast: Broadcast, namespace: Namespace): BroadcastMessage =>
  create(BroadcastSchema, {
    namespace,
    id: broadcast.id,
    channel: broadcast.channel,
    name: broadcast.name,
    delivery: deliveryMessages[broadcast.delivery],
    createTime: timestampFromInstant(broadcast.createdAt),
    expireTime: timestampFromInstant(broadcast.expiresAt),
    live: broadcast.isLive,
  });
