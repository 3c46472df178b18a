import type { ServiceEntry } from "../call.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { createCanvasService } from "./canvas-service.ts";
import { createControlService } from "./control-service.ts";
import { createLimitService } from "./limit-service.ts";
import { createLockService } from "./lock-service.ts";
import { createNamespaceService } from "./namespace-service.ts";
import { createQueueEventService } from "./queue-event-service.ts";
import { createQueueService } from "./queue-service.ts";
import { createRoutingService } from "./routing-service.ts";
import { createScheduleService } from "./schedule-service.ts";
import { createScheduleSlotService } from "./schedule-slot-service.ts";
import { createTaskServices } from "./task-services.ts";

/** What the rooms of the house offer: what is about tasks, about queues, and the rest. */
export const createRoomServices = (deps: ServiceDeps): readonly ServiceEntry[] => [
  ...createTaskServices(deps),
  createCanvasService(deps),
  createScheduleService(deps),
  createScheduleSlotService(deps),
  createQueueService(deps),
  createQueueEventService(deps),
  createLimitService(deps),
  createRoutingService(deps),
  createNamespaceService(deps),
  createControlService(deps),
  createLockService(deps),
];
