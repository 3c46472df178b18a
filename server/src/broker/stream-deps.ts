import type { Namespace } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { QueueStore } from "../ports/queue-store.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { Commands } from "./commands.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Extending } from "./extend.ts";
import type { OpenToken } from "./open-token.ts";
import type { Reporting } from "./reporting.ts";
import type { SessionState } from "./session-state.ts";
import type { Settling } from "./settle.ts";

/** What a stream needs of the broker. */
export type StreamDeps = Reporting & {
  readonly store: Pick<QueueStore, "readyCounts">;
  readonly dispatch: Dispatch;
  readonly settling: Settling;
  readonly extending: Extending;
  readonly hints: TaskHints;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly limits: Limits;
  /** Opens the tokens of every session; for one batch. */
  readonly openAny: (namespace: Namespace) => OpenToken;
  /** The session is over. */
  readonly forget: (state: SessionState) => void;
  /** The session has lost its stream. */
  readonly left: (state: SessionState) => void;
};
