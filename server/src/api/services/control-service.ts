import { create } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import {
  ControlService,
  ListWorkersResponseSchema,
  type SendRequest,
} from "@stem/proto/stem/v1/control_service_pb";
import type { Order } from "../../control/control.ts";
import { fieldInvalid } from "../../model/problem.ts";
import { type ServiceEntry, serve } from "../call.ts";
import type { Caller } from "../callers.ts";
import { answerToProto, readCommand } from "../convert/command.ts";
import { workerToProto } from "../convert/worker.ts";
import type { ServiceDeps } from "../service-deps.ts";

type ControlServiceDeps = Pick<ServiceDeps, "control" | "limits" | "namespaces">;

/** How long a command waits for answers where nobody says. */
const usualTimeoutMs = 5000;

/** Serves operators of workers. */
export function createControlService(deps: ControlServiceDeps): ServiceEntry {
  const { control, limits, namespaces } = deps;
  return serve(ControlService, {
    async listWorkers({ namespace }) {
      const workers = control.listWorkers(namespaces(namespace)).map(workerToProto);
      return create(ListWorkersResponseSchema, { workers });
    },
    async *send(request, { caller }) {
      for await (const answer of control.send(orderOf(request, caller, deps)))
        yield answerToProto(answer, limits);
    },
  });
}

function orderOf(request: SendRequest, caller: Caller, { limits, namespaces }: ControlServiceDeps): Order {
  const { namespace, workers, command, timeout } = request;
  if (command === undefined) throw fieldInvalid("command", "must be set");
  const timeoutMs = timeout === undefined ? usualTimeoutMs : durationMs(timeout);
  if (timeoutMs > limits.commandMsMax)
    throw fieldInvalid("timeout", `must be at most ${limits.commandMsMax} ms long`);
  return {
    namespace: namespaces(namespace),
    targets: workers,
    command: readCommand(command, caller),
    timeoutMs,
  };
}
