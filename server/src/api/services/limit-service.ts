import { clone, create } from "@bufbuild/protobuf";
import {
  DeleteLimitResponseSchema,
  GetLimitResponseSchema,
  LimitService,
  type ListLimitsRequest,
  ListLimitsRequestSchema,
  type ListLimitsResponse,
  ListLimitsResponseSchema,
  type ListWeightsRequest,
  ListWeightsRequestSchema,
  type ListWeightsResponse,
  ListWeightsResponseSchema,
  PauseTasksResponseSchema,
  PutLimitResponseSchema,
  PutWeightResponseSchema,
  ResumeTasksResponseSchema,
} from "@stem/proto/stem/v1/limit_service_pb";
import type { GateLimit, LimitKind, LimitRef } from "../../model/gate.ts";
import { type Namespace, queueNameOf } from "../../model/ids.ts";
import { fieldInvalid } from "../../model/problem.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { gateRef, limitFromProto, limitRef, limitToProto, limitUse } from "../convert/limit.ts";
import { pageSizeOf } from "../convert/page-token.ts";
import { resumeInstantOf } from "../convert/queue.ts";
import { requesterOf } from "../convert/requester.ts";
import type { ServiceDeps } from "../service-deps.ts";

type LimitServiceDeps = Pick<ServiceDeps, "broker" | "clock" | "limits" | "namespaces" | "pageTokens">;

/** Serves operators of limits. */
export function createLimitService(deps: LimitServiceDeps): ServiceEntry {
  const { broker, clock, limits, namespaces } = deps;
  return serve(LimitService, {
    async putLimit({ namespace, limit }) {
      const status = await broker.putLimit(limitFromProto(limit, namespaces(namespace)));
      return create(PutLimitResponseSchema, { limit: limitToProto(status), use: limitUse(status) });
    },
    async getLimit({ namespace, subject }) {
      const status = await broker.getLimit(limitRef(subject, namespaces(namespace), "subject"));
      return create(GetLimitResponseSchema, { limit: limitToProto(status), use: limitUse(status) });
    },
    listLimits: (request) => listLimits(request, deps),
    async putWeight({ namespace, queue, weight }) {
      if (weight === undefined) throw fieldInvalid("weight", "must be set");
      const ref = { namespace: namespaces(namespace), queue: queueNameOf(queue) };
      await broker.putWeight(ref, { key: weight.key, weight: weight.weight });
      return create(PutWeightResponseSchema);
    },
    listWeights: (request) => listWeights(request, deps),
    async pauseTasks({ namespace, subject, reason, requester, resume }, { caller }) {
      const ref = gateRef(subject, namespaces(namespace));
      const resumeAt = resumeInstantOf(resume, { now: clock.now(), limits });
      const more = { by: requesterOf(requester, caller), resumeAt };
      const status = await broker.pauseTasks(ref, reason, more);
      return create(PauseTasksResponseSchema, { limit: limitToProto(status), use: limitUse(status) });
    },
    async resumeTasks({ namespace, subject }) {
      await broker.resumeTasks(gateRef(subject, namespaces(namespace)));
      return create(ResumeTasksResponseSchema);
    },
    async deleteLimit({ namespace, subject }) {
      await broker.deleteLimit(limitRef(subject, namespaces(namespace), "subject"));
      return create(DeleteLimitResponseSchema);
    },
  });
}

async function listLimits(
  request: ListLimitsRequest,
  { broker, limits, namespaces, pageTokens }: LimitServiceDeps,
): Promise<ListLimitsResponse> {
  const namespace = namespaces(request.namespace);
  const asked = Object.assign(clone(ListLimitsRequestSchema, request), {
    namespace,
    pageSize: 0,
    pageToken: "",
  });
  const question = { schema: ListLimitsRequestSchema, request: asked };
  const after = refOfCursor(pageTokens.read(question, request.pageToken), namespace);
  const pageSize = pageSizeOf(request.pageSize, limits);
  // One more than is shown tells whether there is a next page.
  const found = await broker.listLimits(namespace, after, pageSize + 1);
  const shown = found.slice(0, pageSize);
  return create(ListLimitsResponseSchema, {
    limits: shown.map(limitToProto),
    nextPageToken: pageTokens.sign(question, found.length > pageSize ? cursorOf(shown.at(-1)) : undefined),
  });
}

async function listWeights(
  request: ListWeightsRequest,
  { broker, limits, namespaces, pageTokens }: LimitServiceDeps,
): Promise<ListWeightsResponse> {
  const namespace = namespaces(request.namespace);
  const asked = Object.assign(clone(ListWeightsRequestSchema, request), {
    ...{ namespace, pageSize: 0, pageToken: "" },
  });
  const question = { schema: ListWeightsRequestSchema, request: asked };
  const after = pageTokens.read(question, request.pageToken);
  const pageSize = pageSizeOf(request.pageSize, limits);
  const ref = { namespace, queue: queueNameOf(request.queue) };
  const found = await broker.listWeights(ref, after, pageSize + 1);
  const shown = found.slice(0, pageSize);
  return create(ListWeightsResponseSchema, {
    weights: shown.map(({ key, weight }) => ({ key, weight })),
    nextPageToken: pageTokens.sign(question, found.length > pageSize ? shown.at(-1)?.key : undefined),
  });
}

const cursorOf = (limit: GateLimit | undefined): string | undefined =>
  limit && `${limit.kind} ${limit.subject}`;

/** A cursor that was signed here: a kind, and what is left is the subject. */
function refOfCursor(cursor: string | undefined, namespace: Namespace): LimitRef | undefined {
  if (cursor === undefined) return undefined;
  const blank = cursor.indexOf(" ");
  return { namespace, kind: cursor.slice(0, blank) as LimitKind, subject: cursor.slice(blank + 1) };
}
