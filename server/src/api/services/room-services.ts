import type { ServiceEntry } from "../call.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { createBroadcastService } from "./broadcast-service.ts";
import { createControlService } from "./control-service.ts";
import { createDeadLetterService } from "./dead-letter-service.ts";
import { createLimitService } from "./limit-service.ts";
import { createLockService } from "./lock-service.ts";
import { createNamespaceService } from "./namespace-service.ts";
import { createQueueEventService } from "./queue-event-service.ts";
import { createQueueService } from "./queue-service.ts";
import { createRoutingService } from "./routing-service.ts";
import { createTaskAdminService } from "./task-admin-service.ts";
import { createTaskBatchService } from "./task-batch-service.ts";
import { createTaskDefinitionService } from "./task-definition-service.ts";
import { createTaskOutputService } from "./task-output-service.ts";
import { createTaskService } from "./task-service.ts";
import { createUniqueService } from "./unique-service.ts";

/** What the rooms of the house offer: producers, then operators. */
export const createRoomServices = (deps: ServiceDeps): readonly ServiceEntry[] => [
  createTaskService(deps),
  createTaskAdminService(deps),
  createTaskBatchService(deps),
  createTaskOutputService(deps),
  createDeadLetterService(deps),
  createQueueService(deps),
  createNamespaceService(deps),
  createQueueEventService(deps),
  createLimitService(deps),
  createBroadcastService(deps),
  createRoutingService(deps),
  createTaskDefinitionService(deps),
  createControlService(deps),
  createLockService(deps),
  createUniqueService(deps),
];
