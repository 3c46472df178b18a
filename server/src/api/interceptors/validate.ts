/** Checks requests against the rules in the schema, before any handler sees them. */

import type { DescMessage, DescMethod, Message } from "@bufbuild/protobuf";
import { TaskOutputService } from "@stem/proto/stem/v1/task_output_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { StemProblem } from "../../model/problem.ts";
import type { Interceptor } from "../call.ts";
import { overlongList } from "../convert/overlong-list.ts";
import { violationsOf } from "../convert/violations.ts";
import { hasOneRequest } from "../handler-kinds.ts";
import { around } from "./around.ts";

/**
 * Methods whose handlers check for themselves: their requests are batches, in which one bad item must not refuse the others, and they
 * are the hot path, where a compiled check stands in for the general one.
 */
const checkedInHandlers: ReadonlySet<DescMethod> = new Set([
  TaskService.method.enqueueTask,
  TaskService.method.enqueueTasks,
  WorkerService.method.settleTasks,
  TaskOutputService.method.writeTaskOutput,
]);

/** Answers FIELD_INVALID to requests that break a rule of the schema. Streams of requests are checked frame by frame by their handlers. */
export const validateRequests: Interceptor = around(
  (method, next) =>
    isChecked(method)
      ? async (request, context) => {
          check(method.input, request);
          return await next(request, context);
        }
      : next,
  (method, next) =>
    isChecked(method)
      ? async function* (request, context) {
          check(method.input, request);
          yield* next(request, context);
        }
      : next,
);

const isChecked = (method: DescMethod): boolean =>
  hasOneRequest(method) && !checkedInHandlers.has(method) && method.parent.typeName.startsWith("stem.");

function check(schema: DescMessage, request: Message): void {
  const overlong = overlongList(schema, request);
  const violations = overlong ? [overlong] : violationsOf(schema, request, "");
  if (violations.length > 0) throw new StemProblem({ reason: "FIELD_INVALID", violations });
}
