import type { Defaults, Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { NamespaceView } from "../ports/namespace-view.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { Routing } from "../routing/routing.ts";
import type { Assemble, AssemblingDeps } from "./assembling.ts";
import type { Grow } from "./growth.ts";

/** What a broker lives on. */
export type BrokerDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: Limits;
  readonly defaults: Defaults;
  readonly routing: Routing;
  readonly namespaces: NamespaceView;
  /** Who is told what became of tasks. */
  readonly hints: TaskHints;
  /** Knows how arguments are written. */
  readonly assemble: Assemble;
  /** Reads what a barrier of a canvas left. */
  readonly readHanded: AssemblingDeps["readHanded"];
  /** Makes of what handlers ask for what their settlements add to their canvases. */
  readonly grow: Grow;
};
