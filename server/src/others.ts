import type { TaskHints } from "./backend/backend.ts";
import type { RunningBroker } from "./broker/broker.ts";
import type { Namespaces } from "./namespaces/namespaces.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import type { Store } from "./ports/store.ts";
import type { QueueEvents } from "./queue-events/queue-events.ts";
import type { Routing } from "./routing/routing.ts";

/** Who is concerned by what other servers do. */
export type Concerned = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly hints: Pick<TaskHints, "changed">;
  readonly namespaces: Pick<Namespaces, "reread" | "names">;
  readonly routing: Pick<Routing, "reread">;
  readonly broker: Pick<RunningBroker, "reread" | "hearCancelled">;
  readonly queueEvents: Pick<QueueEvents, "ring">;
};

/**
 * Connects the rooms of this server with the others that share its store: who waits here hears of what happened there, and what is kept in
 * memory is read again when something of it may have changed. Answers what ends that.
 */
export function hearOthers(concerned: Concerned): () => void {
  const { store, clock, log, hints, namespaces, routing, broker, queueEvents } = concerned;

  async function reread(): Promise<void> {
    await namespaces.reread();
    await routing.reread(namespaces.names());
    await broker.reread();
  }

  let isStopped = false;
  let cancelAgain = (): void => undefined;

  /** Until it succeeds: nobody tells of the same change twice. */
  function rereadSurely(): void {
    cancelAgain();
    reread().catch((error: unknown) => {
      log.warn({ err: error }, "what another server changed could not be read yet");
      if (!isStopped) cancelAgain = clock.after(againMs, rereadSurely);
    });
  }

  store.onOthersNews?.(({ changed, cancelled, emitted, isReread }) => {
    hints.changed(changed);
    queueEvents.ring(emitted);
    // Their workers hear of it with the next heartbeat, too.
    broker
      .hearCancelled(cancelled)
      .catch((error: unknown) => log.debug({ err: error }, "a cancel of another server was not looked up"));
    if (isReread) rereadSurely();
  });
  return () => {
    isStopped = true;
    cancelAgain();
  };
}

/** So soon it is tried again. */
const againMs = 1000;
