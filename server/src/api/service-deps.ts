import type { Backend } from "../backend/backend.ts";
import type { Schedules } from "../beat/beat.ts";
import type { Broker } from "../broker/broker.ts";
import type { Canvases } from "../canvas/canvas.ts";
import type { Control } from "../control/control.ts";
import type { Locks } from "../locks/locks.ts";
import type { Defaults, Limits } from "../model/limits.ts";
import type { Namespaces } from "../namespaces/namespaces.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { QueueEvents } from "../queue-events/queue-events.ts";
import type { Routing } from "../routing/routing.ts";
import type { NamespaceOf } from "./convert/namespace.ts";
import type { PageTokens } from "./convert/page-token.ts";
import type { Watched } from "./watch-places.ts";

/** What services are made of; each takes what it needs of it. */
export type ServiceDeps = {
  readonly broker: Broker;
  readonly backend: Backend;
  readonly routing: Routing;
  readonly locks: Locks;
  readonly control: Control;
  readonly canvases: Canvases;
  readonly schedules: Schedules;
  readonly queueEvents: QueueEvents;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: Limits;
  readonly defaults: Defaults;
  /** The namespace that a request means. */
  readonly namespaces: NamespaceOf;
  /** All namespaces, for those who operate on them. */
  readonly tenants: Namespaces;
  readonly pageTokens: PageTokens;
  /** Counts the streams that follow something. */
  readonly watched: Watched;
  /** Aborts when the server starts to drain. */
  readonly draining: AbortSignal;
};
