/** Every service that this server speaks, with its handlers: the place where services are born. */

import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { type ServiceEntry, serve } from "./call.ts";
import { createNamespaces } from "./convert/namespace.ts";
import { createPageTokens } from "./convert/page-token.ts";
import { type ServerFacts, workerProtocol } from "./convert/server-info.ts";
import type { ServiceDeps } from "./service-deps.ts";
import { createRoomServices } from "./services/room-services.ts";
import { createServerService } from "./services/server-service.ts";
import { createStandardServices } from "./services/standard-services.ts";
import { createWatchPlaces } from "./watch-places.ts";
import { createWorkerService } from "./worker-stream/worker-service.ts";

/** What the services are made of. */
export type RouterDeps = Omit<ServiceDeps, "namespaces" | "pageTokens" | "watched"> & {
  readonly info: ServerFacts;
  /** Signs page tokens; at least 16 secret bytes. */
  readonly pageTokenKey: Uint8Array;
};

/** The services, health and reflection included. */
export function createServices(from: RouterDeps): readonly ServiceEntry[] {
  const { info, limits, defaults, tenants, pageTokenKey, draining } = from;
  const deps: ServiceDeps = {
    ...from,
    namespaces: createNamespaces(tenants),
    pageTokens: createPageTokens(pageTokenKey),
    watched: createWatchPlaces(limits),
  };
  const ours = [
    ...createRoomServices(deps),
    serve(WorkerService, createWorkerService(deps)),
    createServerService({ ...info, protocol: workerProtocol, limits, defaults, namespaces: tenants.names }),
  ];
  return [...ours, ...createStandardServices(ours, draining)];
}
