import { describe, expect, onTestFinished, test } from "vitest";
import { type Limits, limits } from "../../server/src/model/limits.ts";
import { acceptCases } from "./accept.ts";
import { atomicCases } from "./atomic.ts";
import { canvasCases } from "./canvas.ts";
import { canvasBulkCases } from "./canvas-bulk.ts";
import { canvasEndCases } from "./canvas-ends.ts";
import { canvasGrowthCases } from "./canvas-growth.ts";
import { canvasKeepingCases } from "./canvas-keeping.ts";
import { canvasModelCases } from "./canvas-model.ts";
import { canvasRaceCases } from "./canvas-race.ts";
import { canvasReplayCases } from "./canvas-replay.ts";
import { canvasRetryCases } from "./canvas-retry.ts";
import { canvasTwinCases } from "./canvas-twins.ts";
import { checkpointCases } from "./checkpoint.ts";
import { claimCases } from "./claim.ts";
import { claimOrderCases } from "./claim-order.ts";
import { claimsAtGatesCases } from "./claims-at-gates.ts";
import { deadLetterCases } from "./dead-letter.ts";
import { deadlineCases } from "./deadline.ts";
import { definitionCases } from "./definition.ts";
import { editCases } from "./edit.ts";
import { eventCases } from "./events.ts";
import { expiryCases } from "./expiry.ts";
import { gateModelCases } from "./gate-model.ts";
import { gatePauseCases } from "./gate-pause.ts";
import { guardCases } from "./guard.ts";
import { leaseCases } from "./lease.ts";
import { limitCases } from "./limits.ts";
import { linkCases } from "./link.ts";
import { lockCases } from "./lock.ts";
import { meetingCases } from "./meeting.ts";
import { metaCases } from "./meta.ts";
import { mixedBatchCases } from "./mixed-batch.ts";
import { modelCases } from "./model.ts";
import { namespaceCases } from "./namespace.ts";
import { outcomeCases } from "./outcome.ts";
import { outputCases } from "./output.ts";
import { pageCases } from "./page.ts";
import { pauseCases } from "./pause.ts";
import { pruneCases } from "./prune.ts";
import { purgeCases } from "./purge.ts";
import { queueCases } from "./queue.ts";
import { queueAdminCases } from "./queue-admin.ts";
import { queueEventCases } from "./queue-event.ts";
import { raceCases } from "./race.ts";
import { removeCases } from "./remove.ts";
import { reopenCases } from "./reopen.ts";
import { retentionCases } from "./retention.ts";
import { revokeCases } from "./revoke.ts";
import { scheduleCases } from "./schedule.ts";
import { scheduleFireCases } from "./schedule-fire.ts";
import { scheduleTwinCases } from "./schedule-twins.ts";
import { settleCases } from "./settle.ts";
import { standingCases } from "./standing.ts";
import { stuckCases } from "./stuck.ts";
import { createSubject, type MakePlace } from "./subject.ts";
import type { Declared, Suite } from "./suite.ts";
import { tieCases } from "./ties.ts";
import { tokenCases } from "./token.ts";
import { uniqueCases } from "./unique.ts";
import { keptAfterCases } from "./unique-kept.ts";

const nouns = [
  meetingCases,
  acceptCases,
  atomicCases,
  claimCases,
  leaseCases,
  claimOrderCases,
  settleCases,
  mixedBatchCases,
  checkpointCases,
  outcomeCases,
  guardCases,
  pageCases,
  expiryCases,
  deadlineCases,
  queueCases,
  queueAdminCases,
  namespaceCases,
  limitCases,
  tieCases,
  standingCases,
  stuckCases,
  purgeCases,
  editCases,
  removeCases,
  deadLetterCases,
  revokeCases,
  pauseCases,
  gatePauseCases,
  pruneCases,
  retentionCases,
  eventCases,
  definitionCases,
  metaCases,
  lockCases,
  uniqueCases,
  keptAfterCases,
  outputCases,
  queueEventCases,
  linkCases,
  canvasCases,
  canvasBulkCases,
  canvasEndCases,
  canvasKeepingCases,
  canvasRetryCases,
  canvasReplayCases,
  canvasGrowthCases,
  claimsAtGatesCases,
  tokenCases,
  raceCases,
  canvasRaceCases,
  reopenCases,
  modelCases,
  gateModelCases,
  canvasModelCases,
  canvasTwinCases,
  scheduleCases,
  scheduleFireCases,
  scheduleTwinCases,
];

/** Runs the whole contract over one driver. */
export function exercise(name: string, makePlace: MakePlace, declared: Declared): void {
  const sentences = new Set<string>();
  const open = (own: Partial<Limits> = {}) => createSubject(makePlace, { ...limits, ...own });
  const suite: Suite = {
    name,
    declared,
    open,
    case(sentence, run, { limits: own, timeoutMs = 60_000 } = {}) {
      sentences.add(sentence);
      test(sentence, { timeout: timeoutMs }, async (context) => {
        const skip = declared.skips.find((each) => each.test === sentence);
        if (skip) return context.skip(skip.reason);
        const subject = await open(own);
        onTestFinished(subject.dispose);
        return run(subject);
      });
    },
  };
  describe(`the ${name} store`, () => {
    for (const register of nouns) register(suite);
    test("every skip names a test", () => {
      for (const skip of declared.skips) expect([...sentences]).toContain(skip.test);
    });
  });
}
