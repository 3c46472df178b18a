import { createClient } from "@connectrpc/connect";
import {
  type Routing as ProtoRouting,
  RoutingSource as ProtoSource,
  RoutingService,
} from "@stem/proto/stem/v1/routing_service_pb";
import type { OperatorCalls } from "./operator-calls.ts";

/** A namespace's routing. */
export type RoutingStatus = {
  /** YAML or JSON, as it was given; empty where there is none. */
  readonly config: string;
  /** Rises with each replacement; 0 where there never was one. */
  readonly revision: number;
  /** none: there is no routing. store: from `replace`. file: the server was started with it, and nobody can replace it. */
  readonly source: "none" | "store" | "file" | undefined;
};

/** Something that is wrong with a text. */
export type RoutingMistake = {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Such as "queues.mail.priority_range"; empty where it is about the whole text. */
  readonly key: string;
  readonly description: string;
};

/** A task to route, and not to enqueue. */
export type TaskToRoute = {
  readonly name: string;
  /** Of several queues that are bound to its key, the id chooses one. */
  readonly id?: string;
  /** Not together with `routingKey`. */
  readonly queue?: string;
  readonly routingKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly priority?: number;
};

/** Where a task would go, and why. */
export type RouteTrial = {
  /** The queue, unless it would be published on a channel. */
  readonly queue: string | undefined;
  readonly channel: string | undefined;
  /** The priority that it would have there. */
  readonly priority: number;
  /** How that was decided, step by step, in words for people. */
  readonly steps: readonly string[];
};

/** What operators do to the routing of their namespace. */
export interface Routing {
  /** The routing in force. */
  get(): Promise<RoutingStatus>;
  /** All that is wrong with a text, at most 100 mistakes; none: it is right. Nothing is put in force. */
  validate(config: string): Promise<readonly RoutingMistake[]>;
  /** Where a task would go; under `config`, or under the routing in force. Nothing is enqueued. */
  test(task: TaskToRoute, options?: { readonly config?: string }): Promise<RouteTrial>;
  /**
   * Puts a text in force, at once and for every task that comes after; empty: no routing any more. `revision` is that of the routing
   * which it replaces. FIELD_INVALID with every mistake, REVISION_CONFLICT, ROUTING_FIXED, LIMIT_COUNT_REACHED.
   */
  replace(config: string, options: { readonly revision: number }): Promise<RoutingStatus>;
}

/** Makes it over one connection. */
export function createRouting({ transport, inNamespace, timed, call }: OperatorCalls): Routing {
  const service = createClient(RoutingService, transport);
  return {
    get: async () => statusOf(await call(() => service.getRouting({ ...inNamespace }, timed))),
    async validate(config) {
      const { mistakes } = await call(() => service.validateRouting({ config }, timed));
      return mistakes.map(({ line, column, key, description }) => ({ line, column, key, description }));
    },
    async test({ id, headers, ...task }, { config } = {}) {
      const asked = {
        ...{ ...inNamespace, ...task, headers: { ...headers } },
        ...(id !== undefined && { taskId: id }),
        ...(config !== undefined && { config }),
      };
      const { queue, priority, steps, broadcastChannel } = await call(() => service.testRoute(asked, timed));
      return { queue: queue || undefined, channel: broadcastChannel || undefined, priority, steps };
    },
    async replace(config, { revision }) {
      const asked = { ...inNamespace, config, expectedRevision: BigInt(revision) };
      return statusOf(await call(() => service.replaceRouting(asked, timed)));
    },
  };
}

const sources: Readonly<Record<number, RoutingStatus["source"]>> = {
  [ProtoSource.NONE]: "none",
  [ProtoSource.STORE]: "store",
  [ProtoSource.FILE]: "file",
};

function statusOf({ routing }: { readonly routing?: ProtoRouting | undefined }): RoutingStatus {
  if (routing === undefined) throw new Error("the server answered without the routing");
  return { config: routing.config, revision: Number(routing.revision), source: sources[routing.source] };
}
