import type { Transport } from "@connectrpc/connect";
import { type Clock, childLogger, type Random, type ServerMoves } from "@stem/sdk/internal";
import type { Deadlines } from "../deadlines.ts";
import type { LeaseTable } from "../lease-table.ts";
import type { Prefetch } from "../prefetch.ts";
import type { Slots } from "../slots.ts";
import { sdkVersion } from "../version.ts";
import type { WorkerSettings } from "../worker-options.ts";
import { Confirmations } from "./confirmations.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import { Credit } from "./credit.ts";
import { createOpenFrames } from "./frames.ts";
import { Link } from "./reconnect.ts";
import { createReports, type Reports } from "./reports.ts";
import { Session, type SessionDeps } from "./session.ts";
import { Settlements } from "./settlements.ts";

/** What the worker's side of its streams needs of the rest of it. */
export type StreamsDeps = {
  readonly transport: Transport;
  readonly moves: ServerMoves | undefined;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly leases: LeaseTable;
  readonly slots: Slots;
  readonly deadlines: Deadlines;
  readonly prefetch: Prefetch;
  readonly tasks: SessionDeps["tasks"];
  readonly control: ConnectionDeps["control"];
  readonly events: SessionDeps["events"];
  readonly onBeat: ConnectionDeps["onBeat"];
};

/** All that is said to the server and heard from it. */
export type Streams = Reports & {
  readonly link: Link;
  readonly session: Session;
  readonly credit: Credit;
  readonly settlements: Settlements;
  readonly confirmations: Confirmations;
};

/** Puts the worker's side of its streams together; nothing is open yet. */
export function createStreams(deps: StreamsDeps): Streams {
  const { settings, clock, leases, slots, deadlines, events, tasks, control, onBeat } = deps;
  const { log } = settings;
  const wake = (): void => link.wake();
  const beat = (): void => link.beat();
  const settlements = new Settlements({
    log,
    clock,
    backoff: settings.backoff,
    onReady: wake,
    isHeldUp: (lease) => reports.output.isBefore(lease),
    onAnswered: (lease) => leases.remove(lease),
  });
  const session = new Session({
    ...{ settings, tasks, clock, log, leases, slots, deadlines, settlements, events, beat },
    paused: control.paused,
  });
  const reports = createReports({ clock, log, held: leases, onReady: wake });
  const confirmations = new Confirmations(clock);
  const credit = new Credit({
    free: () => slots.free - session.unconfirmed,
    held: () => leases.size,
    concurrency: () => slots.concurrency,
    prefetch: deps.prefetch,
  });
  const openFrames = createOpenFrames(deps.transport);
  const parts = {
    control,
    onBeat,
    openFrames,
    clock,
    log,
    sdk: sdkVersion,
    session,
    settlements,
    credit,
    ...reports,
  };
  const link: Link = new Link({
    dial: (events) => new Connection({ ...parts, confirmations, ...events }),
    clock,
    random: deps.random,
    log: childLogger(log, { url: settings.url }),
    hasOther: deps.moves?.hasOther,
  });
  deps.moves?.onMove(() => link.move());
  return { link, session, credit, settlements, confirmations, ...reports };
}
