import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { ScheduleService } from "@stem/proto/stem/v1/schedule_service_pb";
import { ScheduleSlotService } from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { expect } from "vitest";
import { pass } from "../chaos/support/pass.ts";
import { until } from "../support/until.ts";
import { onEachDatabase } from "./databases.ts";
import { type FleetServer, startFleet } from "./servers.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);
const kills = isSoak ? 50 : 3;
/** So many schedules are due in the same second, every second. */
const schedulesCount = 40;
const secondMs = 1000;
/** When it is killed, counted from the slot: from just before the slot to well into its firing. */
const momentsMs = [8, 25, -3, 15, 40, 3, 60, 20, 11, 32];

// The one that fires is followed soon, and no record of a slot is dropped before it was looked at.
const flags = ["--limit", "beatLeaseMs=400", "--limit", "scheduleHistoryMax=1000"];

const callsOf = ({ url }: Pick<FleetServer, "url">) => {
  const transport = createGrpcTransport({ baseUrl: url, idleConnectionTimeoutMs: 100 });
  return {
    ...createClient(ScheduleService, transport),
    ...createClient(ScheduleSlotService, transport),
    ...createClient(QueueService, transport),
  };
};

const idOf = (n: number): string => `every-second-${n}`;

async function makeSchedules(server: FleetServer): Promise<void> {
  const { createSchedule } = callsOf(server);
  const all = Array.from({ length: schedulesCount }, (_, n) =>
    createSchedule({
      scheduleId: idOf(n),
      settings: {
        spec: { spec: { case: "interval", value: { every: { seconds: 1n } } } },
        target: { case: "task", value: { name: "tick" } },
        catchUp: { rule: { case: "all", value: { max: 1000, horizon: { seconds: 3600n } } } },
      },
    }),
  );
  await Promise.all(all);
}

/** How many slots of the first schedule have fired. */
async function firedBy(server: FleetServer): Promise<number> {
  const { schedule } = await callsOf(server).getSchedule({ scheduleId: idOf(0) });
  return Number(schedule?.fired ?? 0n);
}

/** The slots of a schedule that have fired, in order, with what each has started. */
async function slotsOf(server: FleetServer, n: number) {
  const found: { readonly second: number; readonly task: string | undefined }[] = [];
  const { listScheduleSlots } = callsOf(server);
  let pageToken = "";
  do {
    const page = await listScheduleSlots({ scheduleId: idOf(n), pageToken, pageSize: 100 });
    for (const { slotTime, outcome } of page.slots)
      found.push({
        second: Number(slotTime?.seconds),
        task:
          outcome.case === "started" && outcome.value.started.case === "taskId"
            ? outcome.value.started.value
            : undefined,
      });
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return found.toSorted((a, b) => a.second - b.second);
}

onEachDatabase((test) => {
  test(
    `the server that fires is killed in the middle of it, ${kills} times: each slot fires once`,
    60_000 + kills * 12_000,
    async ({ url }) => {
      const [first, second] = await startFleet(url, { flags });
      if (first === undefined || second === undefined) throw new Error("there are not two servers");
      await makeSchedules(first);
      let [leader, other] = [first, second];
      await until(async () => (await firedBy(other)) > 0, { deadlineMs: 50_000, what: "the first slots" });
      for (let kill = 0; kill < kills; kill += 1) {
        await pass(secondMs - (Date.now() % secondMs) + (momentsMs[kill % momentsMs.length] ?? 0));
        await leader.end("SIGKILL");
        const before = await firedBy(other);
        // Whoever was killed last waits, so it is the other one that fires now.
        await until(async () => (await firedBy(other)) > before, {
          deadlineMs: 50_000,
          what: "another leader",
        });
        await leader.start();
        [leader, other] = [other, leader];
      }
      const { pauseSchedule, getQueue } = callsOf(leader);
      for (let n = 0; n < schedulesCount; n += 1)
        await pauseSchedule({ scheduleId: idOf(n), note: "enough" });
      const tasks = new Set<string>();
      for (let n = 0; n < schedulesCount; n += 1) {
        const slots = await slotsOf(leader, n);
        const [{ second: from } = { second: 0 }] = slots;
        expect(slots.length).toBeGreaterThan(kills);
        expect(slots.map((slot) => slot.second)).toEqual(slots.map((_, at) => from + at));
        for (const { task } of slots) tasks.add(task ?? "none");
        expect(tasks.has("none")).toBe(false);
      }
      const { queue } = await getQueue({ queue: "default" });
      expect(Number(queue?.depth?.ready)).toBe(tasks.size);
    },
  );
});
