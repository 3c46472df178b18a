import { create, toBinary } from "@bufbuild/protobuf";
import { type ListTasksRequest, ListTasksResponseSchema } from "@stem/proto/stem/v1/task_service_pb";
import type { TaskPage } from "../../ports/task-store.ts";
import type { Encoded } from "../call.ts";
import { taskToProto } from "../convert/task.ts";
import { listTasksQuestion, taskQueryOf } from "../convert/task-query.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { fittingPage } from "./fitting-page.ts";

type ListTasksDeps = Pick<ServiceDeps, "backend" | "limits" | "namespaces" | "pageTokens">;

/** One page of tasks. */
export async function listTasks(
  request: ListTasksRequest,
  { backend, limits, namespaces, pageTokens }: ListTasksDeps,
): Promise<Encoded<typeof ListTasksResponseSchema>> {
  const namespace = namespaces(request.namespace);
  const query = taskQueryOf(request, namespace, { limits, pageTokens });
  const encode = ({ tasks, cursor }: TaskPage): Uint8Array =>
    toBinary(
      ListTasksResponseSchema,
      create(ListTasksResponseSchema, {
        tasks: tasks.map((task) => taskToProto(task, { args: true, progress: undefined })),
        nextPageToken: pageTokens.sign(listTasksQuestion(request, namespace), cursor?.toString()),
      }),
    );
  return fittingPage(
    ListTasksResponseSchema,
    { read: (limit) => backend.list({ ...query, limit }), encode, sizeOf: ({ tasks }) => tasks.length },
    { limit: query.limit, bytesMax: limits.frameBytesMax },
  );
}
