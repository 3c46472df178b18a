import { create } from "@bufbuild/protobuf";
import {
  type TaskDefinition as Announced,
  TaskDefinitionSchema,
} from "@stem/proto/stem/v1/task_definition_pb";
import type { AnyTask } from "./define-task.ts";
import { runOptions } from "./run-options.ts";

/** What a worker tells the server of a task. Dates, headers, tags and metadata of tasks are the producer's to say, not a default. */
export function announcedDefinition({ name, facts }: AnyTask): Announced {
  const { description, tags, idempotent, version, argsJsonSchema, options } = facts;
  const { notBefore: _, expireAt: __, ...defaults } = options;
  const run = runOptions(defaults);
  return create(TaskDefinitionSchema, {
    ...{ name, description, tags: [...tags], idempotent },
    version: BigInt(version),
    argsSchema: argsJsonSchema === undefined ? "" : JSON.stringify(argsJsonSchema),
    queue: options.queue ?? "",
    ...(run && { options: run }),
  });
}
