import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { WorkerStats as WireStats } from "@stem/proto/stem/v1/worker_pb";
import type { WorkerStats } from "../stats.ts";

// Beyond this the server refuses the name; a host's own is never so long.
const hostBytesMax = 255;

/** A worker's numbers for the wire. `confirmedMsAgo`: how long ago the server last confirmed its leases; undefined: never. */
export const writeStats = (stats: WorkerStats, confirmedMsAgo: number | undefined): WireStats => ({
  $typeName: "stem.v1.WorkerStats",
  host: Buffer.from(stats.host)
    .subarray(0, hostBytesMax)
    .toString("latin1")
    .replaceAll(/[^\x20-\x7e]/g, "?"),
  pid: BigInt(stats.pid),
  uptime: durationFromMs(Math.floor(stats.uptimeMs)),
  load: [...stats.load],
  cpus: stats.cpus,
  memoryBytes: BigInt(stats.memoryBytes),
  memoryBytesMax: BigInt(stats.memoryBytesMax),
  started: BigInt(stats.started),
  succeeded: BigInt(stats.succeeded),
  failed: BigInt(stats.failed),
  running: stats.running,
  waiting: stats.waiting,
  slots: stats.slots,
  zombies: stats.zombies,
  children: stats.children,
  slotsMax: stats.slotsMax,
  held: Object.fromEntries(stats.held),
  ...(confirmedMsAgo !== undefined && { sinceConfirmed: durationFromMs(Math.round(confirmedMsAgo)) }),
});
