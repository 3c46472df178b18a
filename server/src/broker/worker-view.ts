import { hash } from "node:crypto";
import type { Command, CommandOutcome } from "../model/command.ts";
import type { Bytes, Instant, QueueName } from "../model/ids.ts";
import type { WorkerStats } from "../model/worker.ts";
import type { SessionHello } from "./session.ts";
import type { SessionState } from "./session-state.ts";

/** A worker, as others see it. */
export type WorkerView = {
  /** Names it among all; tells nothing of its session's id, which is a secret. */
  readonly id: string;
  readonly hello: SessionHello;
  readonly paused: ReadonlySet<QueueName>;
  readonly inFlight: number;
  readonly stats: WorkerStats | undefined;
  readonly connectedAt: Instant;
  readonly heardAt: Instant;
  readonly isConnected: boolean;
  /** Gives it a command and waits for what becomes of it, for so long at most. */
  ask(command: Command, timeoutMs: number): Promise<CommandOutcome>;
};

/** A worker's id: of its session's, but not to be turned back. */
export const workerIdOf = (sessionId: Bytes): string => hash("sha256", sessionId, "hex").slice(0, 16);

/** A session for those who look at workers. */
export const workerViewOf = (state: SessionState, ask: WorkerView["ask"]): WorkerView => ({
  id: workerIdOf(state.id),
  hello: state.hello,
  paused: state.paused,
  inFlight: state.book.size,
  stats: state.stats,
  connectedAt: state.connectedAt,
  heardAt: state.heardAt,
  isConnected: state.stream !== undefined,
  ask,
});
