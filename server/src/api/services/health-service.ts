/** grpc.health.v1: serving until the server drains. Each service is known by its name, and the server as a whole by none. */

import { create } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import {
  type Health,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@stem/proto/grpc/health/v1/health_pb";
import type { Handlers } from "../call.ts";
import { callError } from "../call-error.ts";

/** What the health service needs: the names of the services, and what says that the server drains. */
export type HealthServiceDeps = { readonly services: readonly string[]; readonly draining: AbortSignal };

/** Serves load balancers and probes. */
export function createHealthService({ services, draining }: HealthServiceDeps): Handlers<typeof Health> {
  const known = new Set(["", ...services]);
  const statusNow = (): HealthCheckResponse =>
    create(HealthCheckResponseSchema, {
      status: draining.aborted ? ServingStatus.NOT_SERVING : ServingStatus.SERVING,
    });
  return {
    async check({ service }) {
      if (!known.has(service)) throw callError(Code.NOT_FOUND, "unknown service");
      return statusNow();
    },
    async list() {
      const statuses = Object.fromEntries([...known].map((service) => [service, statusNow()]));
      return create(HealthListResponseSchema, { statuses });
    },
    async *watch({ service }, { signal }) {
      if (known.has(service)) yield statusNow();
      else yield create(HealthCheckResponseSchema, { status: ServingStatus.SERVICE_UNKNOWN });
      if (known.has(service) && !draining.aborted) {
        await aborted(AbortSignal.any([draining, signal]));
        if (!signal.aborted) yield statusNow();
      }
      await aborted(signal);
    },
  };
}

/** Resolves when the signal aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
