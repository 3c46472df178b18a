import { create } from "@bufbuild/protobuf";
import {
  GetRoutingResponseSchema,
  ReplaceRoutingResponseSchema,
  type Routing as RoutingMessage,
  RoutingSchema,
  RoutingService,
  RoutingSource,
  type TestRouteRequest,
  TestRouteResponseSchema,
  ValidateRoutingResponseSchema,
} from "@stem/proto/stem/v1/routing_service_pb";
import { queueNameOf, taskIdOf, taskNameOf } from "../../model/ids.ts";
import { StemProblem } from "../../model/problem.ts";
import type { RoutedTask, RoutingRecord } from "../../model/route.ts";
import { type ServiceEntry, serve } from "../call.ts";
import type { ServiceDeps } from "../service-deps.ts";

const sources: { readonly [S in RoutingRecord["source"]]: RoutingSource } = {
  none: RoutingSource.NONE,
  store: RoutingSource.STORE,
  file: RoutingSource.FILE,
};

/** Serves operators of routes. */
export function createRoutingService({
  broker,
  routing,
  namespaces,
}: Pick<ServiceDeps, "broker" | "routing" | "namespaces">): ServiceEntry {
  return serve(RoutingService, {
    async getRouting(request) {
      return create(GetRoutingResponseSchema, {
        routing: toProto(routing.get(namespaces(request.namespace))),
      });
    },
    async validateRouting({ config }) {
      const mistakes = routing
        .validate(config)
        .map(({ line, column, key, text }) => ({ line, column, key, description: text }));
      return create(ValidateRoutingResponseSchema, { mistakes });
    },
    async testRoute(request) {
      const namespace = namespaces(request.namespace);
      const steps: string[] = [];
      const routed = routing.test(namespace, taskOf(request), {
        text: request.config,
        isServed: (queue) => broker.isServed({ namespace, queue }),
        note: (step) => steps.push(step),
      });
      if (routed.kind === "undeclared")
        throw new StemProblem({ reason: "QUEUE_UNKNOWN", queue: routed.queue });
      const { target, priority } = routed;
      const place = target.kind === "queue" ? { queue: target.queue } : { broadcastChannel: target.channel };
      return create(TestRouteResponseSchema, { ...place, priority, steps });
    },
    async replaceRouting({ namespace, config, expectedRevision }) {
      const replaced = await routing.replace(namespaces(namespace), config, Number(expectedRevision));
      return create(ReplaceRoutingResponseSchema, { routing: toProto(replaced) });
    },
  });
}

const toProto = ({ namespace, text, revision, source }: RoutingRecord): RoutingMessage =>
  create(RoutingSchema, { namespace, config: text, revision: BigInt(revision), source: sources[source] });

function taskOf({ name, taskId, queue, routingKey, headers, priority }: TestRouteRequest): RoutedTask {
  return {
    id: taskIdOf(taskId ?? ""),
    name: taskNameOf(name),
    queue: queue === undefined ? undefined : queueNameOf(queue),
    routingKey,
    headers,
    priority,
  };
}
