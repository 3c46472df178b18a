import { create } from "@bufbuild/protobuf";
import {
  type AppliedSchedule as AppliedMessage,
  AppliedScheduleSchema,
  type ApplySchedulesRequest,
  type ApplySchedulesResponse,
  ApplySchedulesResponseSchema,
  ApplyVerdict,
  type NamedScheduleSettings,
} from "@stem/proto/stem/v1/schedule_service_pb";
import type { AppliedSchedule, ApplyWish } from "../../beat/beat.ts";
import { scheduleIdOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid, type Problem, StemProblem } from "../../model/problem.ts";
import type { ScheduleSettings } from "../../model/schedule-record.ts";
import type { Said } from "../../model/schedule-said.ts";
import { under } from "../convert/checked.ts";
import { readScheduleDocument, type SaidSchedules } from "../convert/schedule-document.ts";
import { saidFromProto } from "../convert/schedule-settings.ts";
import type { ServiceDeps } from "../service-deps.ts";

const verdicts: { readonly [V in AppliedSchedule["verdict"]]: ApplyVerdict } = {
  created: ApplyVerdict.CREATED,
  updated: ApplyVerdict.UPDATED,
  unchanged: ApplyVerdict.UNCHANGED,
  deleted: ApplyVerdict.DELETED,
};

/** Makes schedules as a list or a text says them. */
export async function applySchedules(
  { namespace, schedules: list, document, dryRun, prune }: ApplySchedulesRequest,
  { schedules, limits, namespaces }: Pick<ServiceDeps, "schedules" | "limits" | "namespaces">,
): Promise<ApplySchedulesResponse> {
  const said = document === undefined ? readList(list, limits) : readScheduleDocument(document, limits);
  const named = namedOf(said);
  const outcome = await schedules.apply({
    ...{ namespace: namespaces(namespace), named, isDryRun: dryRun },
    prunePrefix: prune?.idPrefix,
  });
  if (outcome.kind === "refused")
    throw together(outcome.faults.map(({ at, problem }) => said.place(at, problem)));
  const targets = new Map(named.map(({ id, settings }) => [id, settings.target.kind]));
  return create(ApplySchedulesResponseSchema, {
    schedules: outcome.schedules.map((one) => toProto(one, targets.get(one.id) ?? "task")),
  });
}

function readList(list: readonly NamedScheduleSettings[], limits: Limits): SaidSchedules {
  const { schedulesAppliedMax: itemsMax } = limits;
  if (list.length > itemsMax)
    throw new StemProblem({ reason: "BATCH_TOO_LARGE", field: "schedules", items: list.length, itemsMax });
  const seen = new Set<string>();
  for (const [at, { scheduleId }] of list.entries()) {
    if (seen.has(scheduleId)) throw fieldInvalid(`schedules[${at}].schedule_id`, "is there twice");
    seen.add(scheduleId);
  }
  return {
    named: list.map(({ scheduleId: id, settings }) => ({ id, settings })),
    place: (at, problem) => under(problem, `schedules[${at}].settings.`),
  };
}

/** Throws what is wrong with their form. */
function namedOf({ named, place }: SaidSchedules): ApplyWish["named"] {
  const problems: Problem[] = [];
  const read = named.flatMap(({ id, settings }, at) => {
    try {
      return [{ id: scheduleIdOf(id), settings: saidFromProto(settings) }];
    } catch (error) {
      if (!(error instanceof StemProblem)) throw error;
      problems.push(place(at, error.problem));
      return [];
    }
  });
  if (problems.length > 0) throw together(problems);
  return read;
}

/** All problems as one: the first, with what else is wrong with fields if that is what it is about. */
function together([first, ...others]: readonly Problem[]): StemProblem {
  if (first === undefined) throw new Error("schedules were refused without a problem");
  if (first.reason !== "FIELD_INVALID") return new StemProblem(first);
  const more = others.flatMap((each) => (each.reason === "FIELD_INVALID" ? each.violations : []));
  return new StemProblem({ ...first, violations: [...first.violations, ...more] });
}

const fields: { readonly [S in Exclude<Said, "target">]: string } = {
  ...{ spec: "spec", catchUp: "catch_up", overlap: "overlap", jitterMs: "jitter", isEnabled: "disabled" },
  ...{ expireAt: "expire_time", runsMax: "max_runs", priority: "priority" },
  ...{ whenOver: "remove_when_over", description: "description" },
};

const toProto = (
  { id, verdict, revision, changed }: AppliedSchedule,
  target: ScheduleSettings["target"]["kind"],
): AppliedMessage =>
  create(AppliedScheduleSchema, {
    ...{ scheduleId: id, verdict: verdicts[verdict], revision: BigInt(revision) },
    changedFields: changed.map((said) => (said === "target" ? target : fields[said])),
  });
