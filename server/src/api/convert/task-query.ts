/** ListTasks as a question to the store, and the field checks that the schema's rules cannot make. */

import { clone } from "@bufbuild/protobuf";
import { type ListTasksRequest, ListTasksRequestSchema, TaskView } from "@stem/proto/stem/v1/task_service_pb";
import { type Namespace, queueNameOf, taskIdOf, taskNameOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { TaskQuery } from "../../ports/task-store.ts";
import { type PageQuestion, type PageTokens, pageSizeOf } from "./page-token.ts";
import { taskStateFromProto } from "./task-state.ts";
import { optionalInstant } from "./time-fields.ts";

/** What the page tokens of a request belong to. */
export function listTasksQuestion(request: ListTasksRequest, namespace: Namespace): PageQuestion {
  const question = clone(ListTasksRequestSchema, request);
  return {
    schema: ListTasksRequestSchema,
    request: Object.assign(question, { namespace, pageSize: 0, pageToken: "" }),
  };
}

/** A request as the store understands it. */
export function taskQueryOf(
  request: ListTasksRequest,
  namespace: Namespace,
  { limits, pageTokens }: { readonly limits: Limits; readonly pageTokens: PageTokens },
): TaskQuery {
  const cursor = pageTokens.read(listTasksQuestion(request, namespace), request.pageToken);
  return {
    namespace,
    states: request.states.flatMap((state) => taskStateFromProto(state) ?? []),
    queue: request.queue === undefined ? undefined : queueNameOf(request.queue),
    name: request.name === undefined ? undefined : taskNameOf(request.name),
    tag: request.tag,
    parentId: request.parentId === undefined ? undefined : taskIdOf(request.parentId),
    rootId: request.rootId === undefined ? undefined : taskIdOf(request.rootId),
    createdFrom: optionalInstant("create_time_from", request.createTimeFrom),
    createdTo: optionalInstant("create_time_to", request.createTimeTo),
    limit: pageSizeOf(request.pageSize, limits),
    after: cursor === undefined ? undefined : Number(cursor),
    scanMax: limits.scannedTasksMax,
    bytesMax: limits.frameBytesMax,
    full: request.view === TaskView.FULL,
  };
}
