import type { ServiceEntry } from "../call.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { createBroadcastService } from "./broadcast-service.ts";
import { createDeadLetterService } from "./dead-letter-service.ts";
import { createRevocationService } from "./revocation-service.ts";
import { createTaskAdminService } from "./task-admin-service.ts";
import { createTaskBatchService } from "./task-batch-service.ts";
import { createTaskDefinitionService } from "./task-definition-service.ts";
import { createTaskOutputService } from "./task-output-service.ts";
import { createTaskService } from "./task-service.ts";
import { createUniqueService } from "./unique-service.ts";

/** What is about tasks: enqueueing and reading them, then changing them. */
export const createTaskServices = (deps: ServiceDeps): readonly ServiceEntry[] => [
  createTaskService(deps),
  createBroadcastService(deps),
  createTaskOutputService(deps),
  createTaskDefinitionService(deps),
  createUniqueService(deps),
  createTaskAdminService(deps),
  createRevocationService(deps),
  createTaskBatchService(deps),
  createDeadLetterService(deps),
];
