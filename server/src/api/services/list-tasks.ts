import { create, toBinary } from "@bufbuild/protobuf";
import { type ListTasksRequest, ListTasksResponseSchema } from "@stem/proto/stem/v1/task_service_pb";
import type { TaskPage } from "../../ports/task-store.ts";
import { Encoded } from "../call.ts";
import { taskToProto } from "../convert/task.ts";
import { listTasksQuestion, taskQueryOf } from "../convert/task-query.ts";
import type { ServiceDeps } from "../service-deps.ts";

type ListTasksDeps = Pick<ServiceDeps, "backend" | "limits" | "namespaces" | "pageTokens">;

/**
 * One page of tasks. The store bounds contents and results; where names, tags and reasons make the page too large all the same, half
 * as many tasks are asked for, because only the store can say where a shorter page ends.
 */
export async function listTasks(
  request: ListTasksRequest,
  { backend, limits, namespaces, pageTokens }: ListTasksDeps,
): Promise<Encoded<typeof ListTasksResponseSchema>> {
  const namespace = namespaces(request.namespace);
  const query = taskQueryOf(request, namespace, { limits, pageTokens });
  const encodePage = ({ tasks, cursor }: TaskPage): Uint8Array =>
    toBinary(
      ListTasksResponseSchema,
      create(ListTasksResponseSchema, {
        tasks: tasks.map((task) => taskToProto(task, { args: true, progress: undefined })),
        nextPageToken: pageTokens.sign(listTasksQuestion(request, namespace), cursor?.toString()),
      }),
    );
  for (let limit = query.limit; ; ) {
    const page = await backend.list({ ...query, limit });
    const bytes = encodePage(page);
    if (bytes.length <= limits.frameBytesMax || page.tasks.length <= 1)
      return new Encoded(ListTasksResponseSchema, bytes);
    limit = Math.ceil(page.tasks.length / 2);
  }
}
