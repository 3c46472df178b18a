// A worker without a stream and without manners: it never extends a lease, and some of its handlers outlive theirs. It settles all
// the same, repeats what stays open, and writes down every answer.

import { create, type DescEnum } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  type Grant,
  LeaseLostReasonSchema,
  type Settlement,
  SettlementSchema,
  SettleOutcome,
  SettleOutcomeSchema,
  type SettleVerdict,
} from "@stem/proto/stem/v1/lease_pb";
import { TaskStateSchema } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { type Fence, hashOf, monotonicMs } from "../history.ts";
import { openJournal } from "../support/journal.ts";
import { pass } from "../support/pass.ts";
import { createRandom } from "../support/random.ts";
import { endSignal, type ProcessSettings, settingsOfProcess } from "./settings.ts";
import { doWork, type Work, type WorkDone } from "./work.ts";

/** How such a worker behaves. */
export type UnaryWorkerSettings = ProcessSettings & {
  /** Tasks that it runs at once. */
  readonly lanes: number;
  /** Share of its runs that outlive their lease, and by how much of a lease at most. */
  readonly overdueShare: number;
  readonly overdueFactor: number;
};

const settings = settingsOfProcess<UnaryWorkerSettings>();
const journal = openJournal(settings.folder, settings.proc);
const random = createRandom(settings.seed);
const ending = endSignal();
const transport = createGrpcTransport({ baseUrl: settings.url });
const client = createClient(WorkerService, transport);
const leaseWaitMs = 500;

process.stdout.write("ready\n");
await Promise.all(Array.from({ length: settings.lanes }, lane));
process.exit(0);

async function lane(): Promise<void> {
  while (!ending.aborted) {
    const sentAt = monotonicMs();
    const leased = await lease();
    const leaseMs = leased?.leaseDuration ? durationMs(leased.leaseDuration) : 0;
    const countedFrom = sentAt + (leased?.waited ? durationMs(leased.waited) : 0);
    for (const grant of leased?.grants ?? []) await runAndSettle(grant, { countedFrom, leaseMs });
  }
}

/** Asks for one task. Away, draining or restarting: asks again soon. */
async function lease() {
  const request = {
    queues: ["default"],
    maxTasks: 1,
    worker: settings.proc,
    wait: durationFromMs(leaseWaitMs),
  };
  try {
    return await client.leaseTasks(request, { timeoutMs: 5000 });
  } catch {
    await pass(random.between(20, 100));
    return undefined;
  }
}

async function runAndSettle(grant: Grant, lease: { readonly countedFrom: number; readonly leaseMs: number }) {
  const fence: Fence = [Number(grant.fence?.epoch ?? 0), Number(grant.fence?.seq ?? 0)];
  const line = { task: grant.taskId, fence } as const;
  const deadline = lease.countedFrom + lease.leaseMs * 0.8;
  journal.writeEffect({ ...line, op: "run", phase: "invoke", deadline });
  const args = argsOf(grant);
  const overdueMs = random.chance(settings.overdueShare)
    ? lease.leaseMs * random.between(1, settings.overdueFactor)
    : 0;
  const attempt = { proc: settings.proc, fence, attempt: grant.attempt };
  let value: WorkDone | undefined;
  try {
    value = await doWork({ ...args, ms: args.ms + overdueMs }, attempt);
  } catch {
    // It failed as its task asked it to; that is settled below.
  }
  if (value === undefined) journal.write({ ...line, op: "run", phase: "fail" });
  else journal.write({ ...line, op: "run", phase: "ok", valueHash: hashOf(value) });
  await settle(grant, value, line);
}

function argsOf(grant: Grant): Work {
  const data = grant.task?.args?.data;
  if (data?.case !== "json") throw new Error(`task ${grant.taskId} came without its arguments`);
  return (JSON.parse(data.value) as [Work])[0];
}

/** Settles until there is an answer. */
async function settle(
  grant: Grant,
  value: WorkDone | undefined,
  task: { readonly task: string; readonly fence: Fence },
): Promise<void> {
  const settlement = settlementOf(grant, value);
  const line = { op: "settle", ...task, ...(value && { valueHash: hashOf(value) }) } as const;
  for (let tries = 0; tries < 100; tries += 1) {
    journal.write({ ...line, phase: "invoke" });
    try {
      const { results } = await client.settleTasks({ settlements: [settlement] }, { timeoutMs: 5000 });
      const [result] = results;
      if (result?.verdict) {
        journal.write({ ...line, ...answerOf(result.verdict) });
        return;
      }
      journal.write({ ...line, phase: "unknown", code: result?.error?.message ?? "no verdict" });
    } catch (error) {
      journal.write({ ...line, phase: "unknown", code: String(error) });
    }
    await pass(random.between(20, 200));
  }
}

function settlementOf(grant: Grant, value: WorkDone | undefined): Settlement {
  const { leaseToken } = grant;
  return value === undefined
    ? create(SettlementSchema, {
        leaseToken,
        outcome: { case: "failed", value: { failure: { type: "Error", message: "as it was asked" } } },
      })
    : create(SettlementSchema, {
        leaseToken,
        outcome: {
          case: "succeeded",
          value: { result: { data: { case: "json", value: JSON.stringify(value) } } },
        },
      });
}

function answerOf({ outcome, state, lostReason }: SettleVerdict) {
  const told = { state: nameIn(TaskStateSchema, state) };
  return outcome === SettleOutcome.LEASE_LOST
    ? ({
        ...told,
        phase: "fail",
        code: "LEASE_LOST",
        why: nameIn(LeaseLostReasonSchema, lostReason),
      } as const)
    : ({ ...told, phase: "ok", code: nameIn(SettleOutcomeSchema, outcome) } as const);
}

function nameIn(schema: DescEnum, number: number): string {
  return schema.value[number]?.localName.toLowerCase() ?? String(number);
}
