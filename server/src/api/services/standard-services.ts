import { Health } from "@stem/proto/grpc/health/v1/health_pb";
import { ServerReflection } from "@stem/proto/grpc/reflection/v1/reflection_pb";
import { ServerReflection as ServerReflectionAlpha } from "@stem/proto/grpc/reflection/v1alpha/reflection_pb";
import { type ServiceEntry, serve } from "../call.ts";
import { createDescriptorIndex } from "./descriptor-index.ts";
import { createHealthService } from "./health-service.ts";
import { createReflectionAlphaService, createReflectionService } from "./reflection-service.ts";

/** What any gRPC server should answer: the health of `ours`, and reflection of everything, itself included. */
export function createStandardServices(
  ours: readonly ServiceEntry[],
  draining: AbortSignal,
): readonly ServiceEntry[] {
  const services = ours.map(({ service }) => service);
  const index = createDescriptorIndex([...services, Health, ServerReflection, ServerReflectionAlpha]);
  const names = services.map(({ typeName }) => typeName);
  return [
    serve(Health, createHealthService({ services: names, draining })),
    serve(ServerReflection, createReflectionService(index)),
    serve(ServerReflectionAlpha, createReflectionAlphaService(index)),
  ];
}
