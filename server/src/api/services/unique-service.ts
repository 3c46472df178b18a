import { clone, create } from "@bufbuild/protobuf";
import {
  GetUniqueClaimResponseSchema,
  type ListUniqueClaimsRequest,
  ListUniqueClaimsRequestSchema,
  type ListUniqueClaimsResponse,
  ListUniqueClaimsResponseSchema,
  UniqueService,
} from "@stem/proto/stem/v1/unique_service_pb";
import type { Namespace } from "../../model/ids.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { type PageQuestion, pageSizeOf } from "../convert/page-token.ts";
import { claimToProto } from "../convert/unique.ts";
import type { ServiceDeps } from "../service-deps.ts";

type UniqueServiceDeps = Pick<ServiceDeps, "backend" | "limits" | "namespaces" | "pageTokens">;

/** Serves those who want to know which task has a unique key. */
export function createUniqueService(deps: UniqueServiceDeps): ServiceEntry {
  const { backend, namespaces } = deps;
  return serve(UniqueService, {
    async getUniqueClaim({ namespace, key }) {
      const claim = await backend.getClaim(namespaces(namespace), key);
      return create(GetUniqueClaimResponseSchema, claim && { claim: claimToProto(claim) });
    },
    listUniqueClaims: (request) => listUniqueClaims(request, deps),
  });
}

async function listUniqueClaims(
  request: ListUniqueClaimsRequest,
  { backend, limits, namespaces, pageTokens }: UniqueServiceDeps,
): Promise<ListUniqueClaimsResponse> {
  const namespace = namespaces(request.namespace);
  const question = questionOf(request, namespace);
  const after = pageTokens.read(question, request.pageToken);
  const pageSize = pageSizeOf(request.pageSize, limits);
  // One more than is shown tells whether there is a next page.
  const found = await backend.listClaims(namespace, after, pageSize + 1);
  const shown = found.slice(0, pageSize);
  return create(ListUniqueClaimsResponseSchema, {
    claims: shown.map(claimToProto),
    nextPageToken: pageTokens.sign(question, found.length > pageSize ? shown.at(-1)?.key : undefined),
  });
}

function questionOf(request: ListUniqueClaimsRequest, namespace: Namespace): PageQuestion {
  const question = clone(ListUniqueClaimsRequestSchema, request);
  return {
    schema: ListUniqueClaimsRequestSchema,
    request: Object.assign(question, { namespace, pageSize: 0, pageToken: "" }),
  };
}
