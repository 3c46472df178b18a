import { create } from "@bufbuild/protobuf";
import {
  TaskOutputService,
  type WatchTaskOutputResponse,
  WriteTaskOutputResponseSchema,
} from "@stem/proto/stem/v1/task_output_service_pb";
import { taskIdOf } from "../../model/ids.ts";
import { fieldInvalid } from "../../model/problem.ts";
import type { OutputPage } from "../../ports/output-store.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { outputKindsOf, outputResponses } from "../convert/output.ts";
import { outputVerdicts, readOutputBatch } from "../convert/output-batch.ts";
import { watchTimeoutMs } from "../convert/watch-timeout.ts";
import type { ServiceDeps } from "../service-deps.ts";

type TaskOutputServiceDeps = Pick<ServiceDeps, "broker" | "backend" | "limits" | "namespaces" | "watched">;

/** Serves those who put out what attempts made, and those who read it. */
export function createTaskOutputService(deps: TaskOutputServiceDeps): ServiceEntry {
  const { broker, backend, limits, namespaces, watched } = deps;

  async function* responses(pages: AsyncIterable<OutputPage>): AsyncIterable<WatchTaskOutputResponse> {
    for await (const page of pages) yield* outputResponses(page, limits.frameBytesMax);
  }

  return serve(TaskOutputService, {
    async writeTaskOutput({ namespace: requested, outputs }) {
      const namespace = namespaces(requested);
      if (outputs.length === 0) throw fieldInvalid("outputs", `must have 1 to ${limits.batchTasksMax} items`);
      const batch = readOutputBatch(outputs, "outputs", limits);
      const verdicts = batch.outputs.length > 0 ? await broker.writeOutput(namespace, batch.outputs) : [];
      return create(WriteTaskOutputResponseSchema, { results: outputVerdicts(batch, verdicts) });
    },
    watchTaskOutput({ namespace, taskId, fromOffset, kinds, timeout }, { signal }) {
      const request = {
        ref: { namespace: namespaces(namespace), id: taskIdOf(taskId) },
        ...{
          from: Number(fromOffset),
          kinds: outputKindsOf(kinds),
          timeoutMs: watchTimeoutMs(timeout, limits),
        },
      };
      return watched(responses(backend.watchOutput(request, signal)));
    },
  });
}
