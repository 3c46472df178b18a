import type { Routing } from "../routing/routing.ts";
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
};

/** Opens or takes up a worker's session. */
export type OpenSession = (hello: SessionHello, events: SessionEvents) => Promise<Session>;

/** Opens sessions: queues under their own names, and for whoever listens on channels an inbox beside them. */
export function createListening({ sessions, seats, giving, routing }: ListeningDeps): OpenSession {
  return async (greeted, events) => {
    const { namespace, worker, channels, resume } = greeted;
    const hello = { ...greeted, queues: routing.subscribe(namespace, greeted.queues) };
    if (channels.length === 0) return sessions.open(hello, events);
    routing.subscribeChannels(namespace, channels);
    const seat = await seats.take({ namespace, worker, channels, sessionId: resume?.sessionId });
    const leave = (): void => seats.leave(seat);
    try {
      const queues = [...hello.queues, seat.queue];
      const session = await sessions.open({ ...hello, queues }, { ...events, onLeft: leave });
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
