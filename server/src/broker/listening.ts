import type { Namespace, QueueName } from "../model/ids.ts";
import type { Subscription } from "../model/queue-tier.ts";
import type { Routing } from "../routing/routing.ts";
import type { Admit } from "./admittance.ts";
import type { Giving } from "./broadcast-giving.ts";
import type { Seats } from "./seats.ts";
import type { Session, SessionEvents, SessionHello } from "./session.ts";
import type { Sessions } from "./sessions.ts";

/** What opening a session for a worker that may listen needs. */
export type ListeningDeps = {
  readonly sessions: Pick<Sessions, "open">;
  readonly seats: Seats;
  readonly giving: Pick<Giving, "catchUp">;
  readonly routing: Pick<Routing, "subscribe" | "subscribeChannels">;
  readonly admit: Admit;
};

/** Opens or takes up a worker's session. */
export type OpenSession = (hello: SessionHello, events: SessionEvents) => Promise<Session>;

/** Opens sessions: queues under their own names, and for whoever listens on channels an inbox beside them. */
export function createListening({ sessions, seats, giving, routing, admit }: ListeningDeps): OpenSession {
  return async (greeted, events) => {
    const { namespace, worker, resume } = greeted;
    const channels = greeted.traits.broadcastChannels;
    const hello = { ...greeted, subscriptions: underOwnNames(greeted.subscriptions, namespace, routing) };
    // Whoever comes back with leases is to settle them, whatever became of its queues.
    if (resume === undefined || resume.held.length === 0)
      await admit(
        namespace,
        hello.subscriptions.map(({ queue }) => queue),
      );
    if (channels.length === 0) return sessions.open(hello, events);
    routing.subscribeChannels(namespace, channels);
    const seat = await seats.take({ namespace, worker, channels, sessionId: resume?.sessionId });
    const leave = (): void => seats.leave(seat);
    try {
      const inbox = { queue: seat.queue, mode: "merged", weight: 1 } as const;
      const subscriptions = [...hello.subscriptions, inbox];
      const session = await sessions.open({ ...hello, subscriptions }, { ...events, onLeft: leave });
      seat.sessionId = session.id;
      // Beside the greeting: a long history must not keep the worker from its other tasks.
      void giving.catchUp(seat);
      return session;
    } catch (error) {
      leave();
      throw error;
    }
  };
}

/** Each queue once, where it is listed first, whatever other names it was asked for by. */
function underOwnNames(
  wanted: readonly Subscription[],
  namespace: Namespace,
  routing: Pick<Routing, "subscribe">,
): readonly Subscription[] {
  const found = new Map<QueueName, Subscription>();
  for (const subscription of wanted)
    for (const queue of routing.subscribe(namespace, [subscription.queue]))
      if (!found.has(queue)) found.set(queue, { ...subscription, queue });
  return [...found.values()];
}
