/** Every service that this server speaks, with its handlers: the place where services are born. */

import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { type ServiceEntry, serve } from "./call.ts";
import { createNamespaces } from "./convert/namespace.ts";
import { createPageTokens } from "./convert/page-token.ts";
import { type ServerFacts, workerProtocol } from "./convert/server-info.ts";
import type { ServiceDeps } from "./service-deps.ts";
import { createBroadcastService } from "./services/broadcast-service.ts";
import { createDeadLetterService } from "./services/dead-letter-service.ts";
import { createLockService } from "./services/lock-service.ts";
import { createQueueService } from "./services/queue-service.ts";
import { createRoutingService } from "./services/routing-service.ts";
import { createServerService } from "./services/server-service.ts";
import { createStandardServices } from "./services/standard-services.ts";
import { createTaskAdminService } from "./services/task-admin-service.ts";
import { createTaskBatchService } from "./services/task-batch-service.ts";
import { createTaskDefinitionService } from "./services/task-definition-service.ts";
import { createTaskService } from "./services/task-service.ts";
import { createWorkerService } from "./worker-stream/worker-service.ts";

/** What the services are made of. */
export type RouterDeps = Omit<ServiceDeps, "namespaces" | "pageTokens"> & {
  /** The namespaces that exist. */
  readonly namespaces: readonly string[];
  readonly info: ServerFacts;
  /** Signs page tokens; at least 16 secret bytes. */
  readonly pageTokenKey: Uint8Array;
};

/** The services, health and reflection included. */
export function createServices(from: RouterDeps): readonly ServiceEntry[] {
  const { info, limits, defaults, namespaces, pageTokenKey, draining } = from;
  const deps: ServiceDeps = {
    ...from,
    namespaces: createNamespaces(namespaces),
    pageTokens: createPageTokens(pageTokenKey),
  };
  const ours = [
    createTaskService(deps),
    createTaskAdminService(deps),
    createTaskBatchService(deps),
    createDeadLetterService(deps),
    createQueueService(deps),
    createBroadcastService(deps),
    createRoutingService(deps),
    createTaskDefinitionService(deps),
    createLockService(deps),
    serve(WorkerService, createWorkerService(deps)),
    createServerService({ ...info, protocol: workerProtocol, limits, defaults, namespaces }),
  ];
  return [...ours, ...createStandardServices(ours, draining)];
}
