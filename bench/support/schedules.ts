import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ScheduleService } from "@stem/proto/stem/v1/schedule_service_pb";
import { inLanes, timed } from "./tasks.ts";

/** So many schedules, numbered from `from`, each due every day when the clock shows what it shows at `dueAt`. */
export type Wanted = { readonly from: number; readonly count: number; readonly dueAt: Date };

/** Half a day from now: nothing that is measured comes near it. */
export const noSoon = (): Date => new Date(Date.now() + 12 * 3_600_000);

/** Makes schedules of the task `timed`, which gets the time at which it is due, a hundred at once. */
export async function makeSchedules(url: string, { from, count, dueAt }: Wanted): Promise<void> {
  const { createSchedule } = createClient(ScheduleService, createGrpcTransport({ baseUrl: url }));
  const expression = `${dueAt.getUTCSeconds()} ${dueAt.getUTCMinutes()} ${dueAt.getUTCHours()} * * *`;
  const json = JSON.stringify([dueAt.getTime()]);
  await inLanes(count, async (n) => {
    await createSchedule({
      scheduleId: `s-${from + n}`,
      settings: {
        spec: { spec: { case: "cron", value: { expression, timeZone: "UTC" } } },
        target: { case: "task", value: { name: timed.name, args: { data: { case: "json", value: json } } } },
      },
    });
  });
}
