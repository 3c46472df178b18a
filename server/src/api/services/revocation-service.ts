import { clone, create } from "@bufbuild/protobuf";
import {
  type ListRevocationsRequest,
  ListRevocationsRequestSchema,
  type ListRevocationsResponse,
  ListRevocationsResponseSchema,
  type Revocation as RevocationMessage,
  RevocationSchema,
  RevocationService,
  WithdrawRevocationsResponseSchema,
} from "@stem/proto/stem/v1/revocation_service_pb";
import { taskIdOf } from "../../model/ids.ts";
import type { Revocation } from "../../ports/admin-store.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { pageSizeOf } from "../convert/page-token.ts";
import { timestampFromInstant } from "../convert/time.ts";
import type { ServiceDeps } from "../service-deps.ts";

type RevocationServiceDeps = Pick<ServiceDeps, "broker" | "limits" | "namespaces" | "pageTokens">;

/** Serves operators of ids that were revoked before they came. */
export function createRevocationService(deps: RevocationServiceDeps): ServiceEntry {
  const { broker, namespaces } = deps;
  return serve(RevocationService, {
    listRevocations: (request) => listRevocations(request, deps),
    async withdrawRevocations({ namespace, taskIds }) {
      const withdrawn = await broker.withdrawRevocations(namespaces(namespace), taskIds.map(taskIdOf));
      return create(WithdrawRevocationsResponseSchema, { withdrawnTaskIds: [...withdrawn] });
    },
  });
}

async function listRevocations(
  request: ListRevocationsRequest,
  { broker, limits, namespaces, pageTokens }: RevocationServiceDeps,
): Promise<ListRevocationsResponse> {
  const namespace = namespaces(request.namespace);
  const asked = Object.assign(clone(ListRevocationsRequestSchema, request), {
    ...{ namespace, pageSize: 0, pageToken: "" },
  });
  const question = { schema: ListRevocationsRequestSchema, request: asked };
  const cursor = pageTokens.read(question, request.pageToken);
  const after = cursor === undefined ? undefined : taskIdOf(cursor);
  const pageSize = pageSizeOf(request.pageSize, limits);
  // One more than is shown tells whether there is a next page.
  const found = await broker.listRevocations(namespace, after, pageSize + 1);
  const shown = found.slice(0, pageSize);
  return create(ListRevocationsResponseSchema, {
    revocations: shown.map(revocationToProto),
    nextPageToken: pageTokens.sign(question, found.length > pageSize ? shown.at(-1)?.ref.id : undefined),
  });
}

const revocationToProto = ({ ref, cancel, until }: Revocation): RevocationMessage =>
  create(RevocationSchema, {
    ...{ taskId: ref.id, reason: cancel.reason, requester: cancel.requester ?? "" },
    ...{ revokeTime: timestampFromInstant(cancel.at), expireTime: timestampFromInstant(until) },
  });
