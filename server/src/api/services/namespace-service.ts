import { clone, create } from "@bufbuild/protobuf";
import type { Namespace as NamespaceMessage } from "@stem/proto/stem/v1/namespace_pb";
import {
  CreateNamespaceResponseSchema,
  DeleteNamespaceResponseSchema,
  DisableNamespaceResponseSchema,
  EnableNamespaceResponseSchema,
  GetNamespaceResponseSchema,
  type ListNamespacesRequest,
  ListNamespacesRequestSchema,
  type ListNamespacesResponse,
  ListNamespacesResponseSchema,
  NamespaceService,
  UpdateNamespaceResponseSchema,
} from "@stem/proto/stem/v1/namespace_service_pb";
import { namespaceOf } from "../../model/ids.ts";
import type { NamespaceRecord } from "../../model/namespace.ts";
import { type ServiceEntry, serve } from "../call.ts";
import {
  namespaceChange,
  namespaceSettings,
  namespaceToProto,
  useToProto,
} from "../convert/namespace-record.ts";
import { pageSizeOf } from "../convert/page-token.ts";
import type { ServiceDeps } from "../service-deps.ts";

type NamespaceServiceDeps = Pick<ServiceDeps, "tenants" | "limits" | "pageTokens">;

/** Serves operators of namespaces. */
export function createNamespaceService(deps: NamespaceServiceDeps): ServiceEntry {
  const { tenants, limits } = deps;
  const show = (record: NamespaceRecord): NamespaceMessage =>
    namespaceToProto(record, tenants.isConfigured(record.name));
  return serve(NamespaceService, {
    async createNamespace({ namespace, settings }) {
      const said = namespaceSettings(settings, limits);
      const { record, created } = await tenants.create(namespaceOf(namespace), said);
      return create(CreateNamespaceResponseSchema, { namespace: show(record), created });
    },
    async getNamespace({ namespace }) {
      const name = namespaceOf(namespace);
      const use = await tenants.useOf(name);
      return create(GetNamespaceResponseSchema, { namespace: show(tenants.get(name)), use: useToProto(use) });
    },
    async listNamespaces(request) {
      return listNamespaces(request, deps, show);
    },
    async updateNamespace(request) {
      const { namespace, expectedRevision } = request;
      const record = await tenants.update(namespaceOf(namespace), {
        revision: expectedRevision === undefined ? undefined : Number(expectedRevision),
        apply: namespaceChange(request, limits),
      });
      return create(UpdateNamespaceResponseSchema, { namespace: show(record) });
    },
    async disableNamespace({ namespace, reason }) {
      const record = await tenants.disable(namespaceOf(namespace), reason);
      return create(DisableNamespaceResponseSchema, { namespace: show(record) });
    },
    async enableNamespace({ namespace }) {
      return create(EnableNamespaceResponseSchema, {
        namespace: show(await tenants.enable(namespaceOf(namespace))),
      });
    },
    async deleteNamespace({ namespace, force }) {
      const { backlogTasks } = await tenants.remove(namespaceOf(namespace), force);
      return create(DeleteNamespaceResponseSchema, { backlogTasks: BigInt(backlogTasks) });
    },
  });
}

function listNamespaces(
  request: ListNamespacesRequest,
  { tenants, limits, pageTokens }: NamespaceServiceDeps,
  show: (record: NamespaceRecord) => NamespaceMessage,
): ListNamespacesResponse {
  const asked = Object.assign(clone(ListNamespacesRequestSchema, request), { pageSize: 0, pageToken: "" });
  const question = { schema: ListNamespacesRequestSchema, request: asked };
  const cursor = pageTokens.read(question, request.pageToken);
  const pageSize = pageSizeOf(request.pageSize, limits);
  // One more than is shown tells whether there is a next page.
  const found = tenants.list(cursor === undefined ? undefined : namespaceOf(cursor), pageSize + 1);
  const shown = found.slice(0, pageSize);
  return create(ListNamespacesResponseSchema, {
    namespaces: shown.map(show),
    nextPageToken: pageTokens.sign(question, found.length > pageSize ? shown.at(-1)?.name : undefined),
  });
}
