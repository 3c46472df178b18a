import { timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import type { AnnouncedDefinition as ProtoAnnounced } from "@stem/proto/stem/v1/task_definition_pb";
import {
  type KnownDefinition as ProtoKnown,
  TaskDefinitionService,
} from "@stem/proto/stem/v1/task_definition_service_pb";
import { allPages, type OperatorCalls } from "./operator-calls.ts";
import { optionsFromProto } from "./options-from-proto.ts";
import type { TaskOptions } from "./task-options.ts";

/** What a worker announced of all tasks of a name. */
export type AnnouncedTask = {
  readonly name: string;
  /** Of two definitions of a name the higher version is in force. */
  readonly version: number;
  readonly description: string;
  readonly tags: readonly string[];
  /** Whether its author says that running it twice does no harm beyond running it once. */
  readonly isIdempotent: boolean;
  /** What its arguments look like: a JSON Schema; undefined where it was not said. */
  readonly argsJsonSchema: unknown;
  /** What its tasks get where their producer does not say otherwise. */
  readonly options: TaskOptions;
  /** The worker that announced it first. */
  readonly worker: string;
  readonly announcedAt: Date | undefined;
};

/** The definition in force, and the last one that contradicts it. */
export type KnownTask = AnnouncedTask & { readonly rival: AnnouncedTask | undefined };

/** What tasks there are, as workers announced them. */
export interface Definitions {
  /** All of the namespace by name, read page by page as they are asked for. */
  list(): AsyncIterable<KnownTask>;
  /** What is known of a name; DEFINITION_UNKNOWN where nothing is. */
  get(name: string): Promise<KnownTask>;
  /** Forgets a name, until a worker that connects announces it anew. DEFINITION_UNKNOWN. */
  delete(name: string): Promise<void>;
}

/** Makes them over one connection. */
export function createDefinitions({ transport, inNamespace, timed, call }: OperatorCalls): Definitions {
  const service = createClient(TaskDefinitionService, transport);
  return {
    list: () =>
      allPages(
        (page) => call(() => service.listTaskDefinitions({ ...inNamespace, ...page }, timed)),
        ({ definitions }) => definitions.map(knownFromProto),
      ),
    async get(name) {
      const { definition } = await call(() => service.getTaskDefinition({ ...inNamespace, name }, timed));
      return knownFromProto(definition);
    },
    async delete(name) {
      await call(() => service.deleteTaskDefinition({ ...inNamespace, name }, timed));
    },
  };
}

function knownFromProto(known: ProtoKnown | undefined): KnownTask {
  const current = announcedFromProto(known?.current);
  if (current === undefined) throw new Error("the server answered without the definition");
  return { ...current, rival: announcedFromProto(known?.rival) };
}

function announcedFromProto(announced: ProtoAnnounced | undefined): AnnouncedTask | undefined {
  if (announced?.definition === undefined) return undefined;
  const { definition, worker, announceTime } = announced;
  const { name, version, description, tags, idempotent, argsSchema, options, queue } = definition;
  return {
    ...{ name, version: Number(version), description, tags, isIdempotent: idempotent },
    argsJsonSchema: argsSchema === "" ? undefined : JSON.parse(argsSchema),
    options: { ...(queue !== "" && { queue }), ...(options && optionsFromProto(options)) },
    ...{ worker, announcedAt: announceTime && timestampDate(announceTime) },
  };
}
