import { clone, create, toBinary } from "@bufbuild/protobuf";
import {
  DeleteTaskDefinitionResponseSchema,
  GetTaskDefinitionResponseSchema,
  type KnownDefinition,
  KnownDefinitionSchema,
  type ListTaskDefinitionsRequest,
  ListTaskDefinitionsRequestSchema,
  type ListTaskDefinitionsResponse,
  ListTaskDefinitionsResponseSchema,
  TaskDefinitionService,
} from "@stem/proto/stem/v1/task_definition_service_pb";
import { taskNameOf } from "../../model/ids.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { pageSizeOf } from "../convert/page-token.ts";
import { knownToProto } from "../convert/task-definition.ts";
import type { ServiceDeps } from "../service-deps.ts";

type DefinitionServiceDeps = Pick<ServiceDeps, "broker" | "limits" | "namespaces" | "pageTokens">;

/** Serves whoever wants to know what tasks there are. */
export function createTaskDefinitionService(deps: DefinitionServiceDeps): ServiceEntry {
  const { namespaces } = deps;
  const { definitions } = deps.broker;
  return serve(TaskDefinitionService, {
    listTaskDefinitions: async (request) => listDefinitions(request, deps),
    async getTaskDefinition({ namespace, name }) {
      const known = definitions.get(namespaces(namespace), taskNameOf(name));
      return create(GetTaskDefinitionResponseSchema, { definition: knownToProto(known) });
    },
    async deleteTaskDefinition({ namespace, name }) {
      await definitions.remove(namespaces(namespace), taskNameOf(name));
      return create(DeleteTaskDefinitionResponseSchema);
    },
  });
}

function listDefinitions(
  request: ListTaskDefinitionsRequest,
  { broker, limits, namespaces, pageTokens }: DefinitionServiceDeps,
): ListTaskDefinitionsResponse {
  const namespace = namespaces(request.namespace);
  const asked = clone(ListTaskDefinitionsRequestSchema, request);
  const question = {
    schema: ListTaskDefinitionsRequestSchema,
    request: Object.assign(asked, { namespace, pageSize: 0, pageToken: "" }),
  };
  const cursor = pageTokens.read(question, request.pageToken);
  const after = cursor === undefined ? undefined : taskNameOf(cursor);
  const pageSize = pageSizeOf(request.pageSize, limits);
  // One more than is shown tells whether there is a next page.
  const found = broker.definitions.list(namespace, after, pageSize + 1);
  const shown = upTo(limits.frameBytesMax, found.slice(0, pageSize).map(knownToProto));
  const next = found.length > shown.length ? shown.at(-1)?.current?.definition?.name : undefined;
  return create(ListTaskDefinitionsResponseSchema, {
    definitions: shown,
    nextPageToken: pageTokens.sign(question, next),
  });
}

/** The definitions before they go beyond a size; the first in any case. */
function upTo(bytesMax: number, definitions: KnownDefinition[]): KnownDefinition[] {
  let bytes = 0;
  const tooMany = definitions.findIndex((definition, at) => {
    bytes += toBinary(KnownDefinitionSchema, definition).length;
    return at > 0 && bytes > bytesMax;
  });
  return tooMany < 0 ? definitions : definitions.slice(0, tooMany);
}
