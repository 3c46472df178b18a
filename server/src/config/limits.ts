import { type LimitName, limits as table } from "../model/limits.ts";
import { type Section, type Setting, wholeNumber } from "./setting.ts";

/** The proto says no more than this, so a higher limit would promise what the edge refuses. */
const fixedByProto = new Set<LimitName>([
  "payloadEncodingEntriesMax",
  "taskIdCharsMax",
  "nameCharsMax",
  "headersMax",
  "headerValueBytesMax",
  "taskMetadataMax",
  "taskMetadataValueBytesMax",
  "tagsMax",
  "tagCharsMax",
  "limitKeyCharsMax",
  "requiredLabelsMax",
  "limitConcurrencyMax",
  "rateCountMax",
  "ratePeriodMsMax",
  "rateBurstMax",
  "awaitedTasksMax",
  "leasedTasksMax",
  "leaseWaitMsMax",
  "lockTtlMsMax",
  "lockWaitMsMax",
  "sessionQueuesMax",
  "leaseMsMax",
  "timeLimitMsMax",
  "retentionMsMax",
  "keptTasksMax",
  "keptBytesMax",
  "revocationMsMax",
  "attemptsMax",
  "deliveriesMax",
  "broadcastMsMax",
  "queueEventNamesMax",
  "schedulesAppliedMax",
]);

/** May be nothing at all. */
const mayBeZero = new Set<LimitName>([
  "tombstoneMs",
  "eventRetentionMs",
  "eventBytesMax",
  "queueEventRetentionMs",
]);

/** Every bound of model/limits.ts, by its name. */
export const limits = {
  envPrefix: "STEM_LIMIT_",
  settings: Object.fromEntries(
    Object.entries(table).map(([name, value]) => [name, limitSetting(name as LimitName, value)]),
  ) as { readonly [K in LimitName]: Setting<number> },
} satisfies Section;

function limitSetting(name: LimitName, value: number): Setting<number> {
  const max = fixedByProto.has(name) ? value : Number.MAX_SAFE_INTEGER;
  return {
    kind: wholeNumber(mayBeZero.has(name) ? 0 : 1, max),
    default: value,
    help: "See server/src/model/limits.ts.",
  };
}
