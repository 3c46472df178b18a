import { availableParallelism, hostname, loadavg, totalmem } from "node:os";

/** What a worker says of the machine and the process that it runs in. */
export type MachineFacts = {
  readonly host: string;
  readonly pid: number;
  /** Load averages over 1, 5 and 15 minutes; zeros where there are none. */
  readonly load: readonly number[];
  readonly cpus: number;
  /** What the process has resident. */
  readonly memoryBytes: number;
  /** What it may have: its container's bound, else the machine's memory. */
  readonly memoryBytesMax: number;
};

/** Looks at the machine. */
export function readMachine(): MachineFacts {
  const total = totalmem();
  const constrained = process.constrainedMemory();
  return {
    host: hostname(),
    pid: process.pid,
    load: loadavg(),
    cpus: availableParallelism(),
    memoryBytes: process.memoryUsage.rss(),
    memoryBytesMax: constrained > 0 && constrained < total ? constrained : total,
  };
}
