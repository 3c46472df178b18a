import { type Bytes, type Instant, type Namespace, plus, type TaskRef } from "../model/ids.ts";
import type { Defaults } from "../model/limits.ts";
import type { CancelMessage, Fence, TaskHead } from "../model/task.ts";
import type { Random } from "../ports/random.ts";
import { createCommands } from "./commands.ts";
import type { LeaseVerdict } from "./lease.ts";
import { createLeaseBook } from "./lease-book.ts";
import { faultBy, type OpenToken, openAny, openOwn, sessionKey } from "./open-token.ts";
import { createResuming, type ResumingDeps } from "./resume.ts";
import type { Session, SessionEvents, SessionHello } from "./session.ts";
import { createSessionState, type SessionState } from "./session-state.ts";
import { Stream } from "./stream.ts";
import type { StreamDeps } from "./stream-deps.ts";
import { claimedSessionOf, sessionIdBytes } from "./token.ts";
import type { TokenKeys } from "./token-keys.ts";
import { type WorkerView, workerViewOf } from "./worker-view.ts";

/** All sessions of the server. */
export type Sessions = {
  /** Opens a session, or takes one up again. */
  open(hello: SessionHello, events: SessionEvents): Promise<Session>;
  /** Opens any token of a namespace; for one batch. */
  openAny(namespace: Namespace): OpenToken;
  /** The session with that id; undefined when it is not (any more) known here. */
  find(namespace: Namespace, sessionId: Bytes): SessionState | undefined;
  /** Tells the worker that holds this lease that somebody wants it stopped; nothing happens where none is connected. */
  tellCancel(task: TaskRef, fence: Fence, message: CancelMessage): void;
  /** Whether the newest lease of a task was granted to a worker that says what it received, and has not said so of this one. */
  neverArrived(task: TaskHead): boolean;
  /** The workers of a namespace, in no order. */
  workers(namespace: Namespace): readonly WorkerView[];
  /** Resolves as soon as no session that has a stream holds a lease. */
  quiet(): Promise<void>;
  /** The sessions of a namespace, in no order. */
  in(namespace: Namespace): readonly SessionState[];
  /** Forgets sessions whose stream was lost so long ago that their leases are over. */
  sweep(now: Instant): void;
};

/** What sessions need. */
export type SessionsDeps = Omit<StreamDeps, "forget" | "left" | "openAny" | "commands"> &
  ResumingDeps & {
    readonly keys: TokenKeys;
    readonly random: Pick<Random, "bytes">;
    readonly defaults: Defaults;
  };

/** Makes the register of sessions. */
export function createSessions(deps: SessionsDeps): Sessions {
  const { keys, random, clock, limits, defaults } = deps;
  const commands = createCommands(clock);
  const sessions = new Map<string, SessionState>();
  const takeUp = createResuming(deps);
  const quiet = createQuiet(sessions);

  function find(namespace: Namespace, sessionId: Bytes): SessionState | undefined {
    return sessionId.length === sessionIdBytes ? sessions.get(keyOf(namespace, sessionId)) : undefined;
  }

  function create(hello: SessionHello): SessionState {
    const { namespace, resume } = hello;
    const lastSeq = resume !== undefined && Number.isSafeInteger(resume.seenSeq) ? resume.seenSeq : 0;
    const id = formerId(keys, namespace, resume) ?? random.bytes(sessionIdBytes);
    const book = createLeaseBook({ limits, lastSeq, onEmpty: quiet.note });
    const state = createSessionState(keys, { id, hello, book, connectedAt: clock.now() });
    sessions.set(keyOf(namespace, id), state);
    return state;
  }

  function forget(state: SessionState): void {
    const key = keyOf(state.namespace, state.id);
    if (sessions.get(key) === state) sessions.delete(key);
    quiet.note();
  }

  /** Its worker may come back for what it holds; to another server, once this one drains. */
  function left(state: SessionState): void {
    if (state.book.size === 0) forget(state);
    else quiet.note();
  }

  const openAnyOf = (namespace: Namespace): OpenToken =>
    openAny(namespace, keys, (sessionId) => find(namespace, sessionId));

  return {
    openAny: openAnyOf,
    async open(hello, events) {
      const { namespace, resume } = hello;
      const state = (resume && find(namespace, resume.sessionId)) ?? create(hello);
      const stream = new Stream({ ...deps, commands, forget, left, openAny: openAnyOf }, state, {
        hello,
        events,
      });
      try {
        if (resume !== undefined) {
          const faultOf = faultBy(openAnyOf(namespace));
          stream.resumed = await takeUp(state, stream, { held: resume.held, faultOf });
          stream.forgedHeld = forgedIn(stream.resumed, state, resume.sessionId);
        }
      } catch (error) {
        stream.detach();
        throw error;
      }
      return stream;
    },
    find,
    tellCancel({ namespace, id }, fence, message) {
      for (const state of sessions.values()) {
        const lease = state.namespace === namespace ? state.book.find(id, fence) : undefined;
        if (lease !== undefined) state.stream?.tellCancel(lease, message);
      }
    },
    neverArrived: (task) => neverArrived(sessions.values(), task),
    workers: (namespace) =>
      [...sessions.values()]
        .filter((state) => state.namespace === namespace)
        .map((state) => workerViewOf(state, (command, timeoutMs) => commands.ask(state, command, timeoutMs))),
    quiet: quiet.wait,
    in: (namespace) => [...sessions.values()].filter((state) => state.namespace === namespace),
    sweep(now) {
      for (const state of sessions.values()) {
        const { stream, detachedAt } = state;
        if (
          stream === undefined &&
          detachedAt !== undefined &&
          plus(detachedAt, keepMs(state, defaults)) < now
        )
          forget(state);
      }
    },
  };
}

/** Tells when no worker that is connected holds anything. */
function createQuiet(sessions: ReadonlyMap<string, SessionState>) {
  const waiting: (() => void)[] = [];
  const isOut = ({ book, stream }: SessionState): boolean => book.size > 0 && stream !== undefined;
  /** Something was struck out, or somebody left. */
  const note = (): void => {
    if (waiting.length === 0 || sessions.values().some(isOut)) return;
    for (const resolve of waiting.splice(0)) resolve();
  };
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      note();
    });
  return { note, wait };
}

function neverArrived(states: Iterable<SessionState>, { namespace, id, fence }: TaskHead): boolean {
  if (fence === undefined) return false;
  for (const state of states) {
    if (!state.book.tellsArrivals || state.namespace !== namespace) continue;
    const lease = state.book.find(id, fence);
    if (lease !== undefined) return !lease.hasArrived;
  }
  return false;
}

/** How many listed tokens nobody here made. After a restart that forgot the session all of its tokens are strange, and none forged. */
function forgedIn(verdicts: readonly LeaseVerdict[], { id }: SessionState, greetedId: Bytes): number {
  const isTakenUp = Buffer.compare(id, greetedId) === 0;
  const isForgotten = (token: Bytes): boolean => {
    const claimed = claimedSessionOf(token);
    return !isTakenUp && claimed !== undefined && Buffer.compare(claimed, greetedId) === 0;
  };
  return verdicts.filter(
    (verdict) => !verdict.held && verdict.why === "token_invalid" && !isForgotten(verdict.token),
  ).length;
}

/** A namespace has no slash. */
const keyOf = (namespace: Namespace, sessionId: Bytes): string => `${namespace}/${sessionKey(sessionId)}`;

/** The id that a worker brings from before a restart, if it proves by a token that the session was made by us. */
function formerId(keys: TokenKeys, namespace: Namespace, resume: SessionHello["resume"]): Bytes | undefined {
  if (resume?.sessionId.length !== sessionIdBytes) return undefined;
  const open = openOwn({ seals: keys.seals(namespace, resume.sessionId), book: undefined });
  return resume.held.some((token) => open(token) !== undefined) ? resume.sessionId : undefined;
}

/** How long a session waits for its worker to come back: until its longest lease is over and taken back. */
function keepMs({ book }: SessionState, defaults: Defaults): number {
  let longest = defaults.leaseMs;
  for (const { policy } of book.upTo(book.lastSeq)) longest = Math.max(longest, policy.leaseMs ?? 0);
  // Whoever takes the leases back asks the session first which of them never arrived.
  return longest + defaults.leaseGraceMs + 2 * defaults.reapIntervalMs;
}
