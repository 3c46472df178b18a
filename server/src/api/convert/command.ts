/** Commands for workers, and what becomes of them. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { StatusSchema } from "@stem/proto/google/rpc/status_pb";
import {
  type CommandAnswer,
  CommandAnswerSchema,
  CommandReplySchema,
  CommandSchema,
  type Command as WireCommand,
} from "@stem/proto/stem/v1/control_pb";
import { ReplyStatus, type SendResponse, SendResponseSchema } from "@stem/proto/stem/v1/control_service_pb";
import type { WorkerAnswer } from "../../control/control.ts";
import type { Command, CommandOutcome } from "../../model/command.ts";
import { queueNameOf, taskIdOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { Caller } from "../callers.ts";
import { problemToStatus } from "../problem-table.ts";
import { requesterOf } from "./requester.ts";
import { violationsOf } from "./violations.ts";

/** A command whose rules hold, of who gives it. */
export function readCommand(command: WireCommand, caller: Caller): Command {
  const { kind } = command;
  if (kind.case !== "revoke") return { content: toBinary(CommandSchema, command), revokes: undefined };
  const requester = requesterOf(kind.value.requester, caller);
  const value = { ...kind.value, requester: requester ?? "" };
  return {
    content: toBinary(CommandSchema, { ...command, kind: { ...kind, value } }),
    revokes: { taskIds: value.taskIds.map(taskIdOf), reason: value.reason, requester },
  };
}

/** What a worker says that became of a command. Throws what is wrong with its frame. */
export function readAnswer(answer: CommandAnswer): CommandOutcome {
  const violations = violationsOf(CommandAnswerSchema, answer, "reply.");
  if (violations.length > 0) throw new StemProblem({ reason: "FIELD_INVALID", violations });
  const { outcome } = answer;
  switch (outcome.case) {
    case "reply": {
      const { kind } = outcome.value;
      const paused = kind.case === "consumption" ? kind.value.pausedQueues.map(queueNameOf) : undefined;
      return { kind: "done", reply: toBinary(CommandReplySchema, outcome.value), paused };
    }
    case "error":
      return { kind: "failed", error: toBinary(StatusSchema, outcome.value) };
    case "unsupported":
      return { kind: "unsupported" };
    default:
      throw fieldInvalid("reply.outcome", "must be set");
  }
}

const statuses = {
  done: ReplyStatus.OK,
  failed: ReplyStatus.ERROR,
  busy: ReplyStatus.ERROR,
  unsupported: ReplyStatus.UNSUPPORTED,
  timed_out: ReplyStatus.TIMED_OUT,
  disconnected: ReplyStatus.DISCONNECTED,
} as const;

/** One worker's answer, for who asked. */
export const answerToProto = (
  { id, name, outcome }: WorkerAnswer,
  { workerCommandsMax: max }: Limits,
): SendResponse =>
  create(SendResponseSchema, {
    workerId: id,
    worker: name,
    status: statuses[outcome.kind],
    ...(outcome.kind === "done" && { reply: fromBinary(CommandReplySchema, outcome.reply) }),
    ...(outcome.kind === "failed" && { error: fromBinary(StatusSchema, outcome.error) }),
    ...(outcome.kind === "busy" && { error: problemToStatus({ ...tooMany, max }) }),
  });

const tooMany = { reason: "CONCURRENCY_LIMIT_REACHED", limit: "workerCommandsMax" } as const;
