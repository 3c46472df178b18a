/**
 * A way into the store for what writes: calls take effect in the order in which they are made, and those that wait while others are under
 * way share the next transaction, and its sync. Read on in lanes.ts (which ways there are) and work.ts (what a transaction is to the verbs).
 */

import { faultOf, problemOf, unavailable } from "./problems.ts";
import type { Tenant, Terms } from "./tenant.ts";
import type { Work } from "./work.ts";

/** A verb over items of which each has an answer of its own, whoever asked for it: what several ask for is done as one. */
export type Verb<I, A> = {
  /** Whether what it writes has to be on the disk when it is answered. */
  readonly isDurable: boolean;
  /** Whether it writes whatever it is asked: its transaction is numbered from the beginning, which saves a round trip at the end. */
  readonly isWriting?: boolean;
  /** Whether a claim that is asked for later may come before it. */
  readonly mayBePassed?: boolean;
  run(work: Work, items: readonly I[]): Promise<readonly A[]>;
};

/** How a call is done: by default durable, with others, and not before any that was made earlier. */
export type CallTerms = Partial<Terms> & Pick<Verb<unknown, unknown>, "mayBePassed">;

export type Lane = {
  /** Answers for each item, in order. */
  ask<I, A>(verb: Verb<I, A>, items: readonly I[]): Promise<readonly A[]>;
  call<A>(terms: CallTerms, run: (work: Work) => Promise<A>): Promise<A>;
  /** Whether there is anything under way, or waiting, that no claim may come before. */
  isInFront(): boolean;
  /** Resolves when nothing is under way, and nothing waits. */
  idle(): Promise<void>;
  /** Takes no more calls, and waits for those under way. */
  close(): Promise<void>;
};

/** What was asked, and who waits for the answer. The verbs of a group have nothing in common, so their types end here. */
type Job = {
  readonly verb: Verb<unknown, unknown>;
  readonly items: readonly unknown[];
  readonly isAlone: boolean;
  readonly resolve: (answers: readonly unknown[]) => void;
  readonly reject: (error: Error) => void;
};

/** So many calls, and items of theirs, share a transaction at most. */
const jobsMax = 256;
const itemsMax = 5000;
/** So often a group is done again that met another server. */
const triesMax = 6;

/** Does what a verb owes when it is over, before the next one of its transaction begins. */
export type AfterVerb = (work: Work) => Promise<void>;

export type LaneParts = {
  readonly tenant: Tenant;
  readonly afterVerb: AfterVerb;
  /** Resolves when that may begin which no claim may come before. */
  readonly untilFree?: () => Promise<void>;
};

/** Makes the lane of a tenant. */
export function createLane({ tenant, afterVerb, untilFree }: LaneParts): Lane {
  const waiting: Job[] = [];
  let inFront = 0;
  let isClosed = false;
  let running: Promise<void> | undefined;

  function enter(job: Job): void {
    if (isClosed) {
      job.reject(unavailable());
      return;
    }
    if (!job.verb.mayBePassed) inFront += 1;
    waiting.push(job);
    running ??= runAll();
  }

  async function runAll(): Promise<void> {
    // Whoever calls in the same turn of the event loop comes along.
    await Promise.resolve();
    while (waiting.length > 0) {
      const group = takeGroup(waiting);
      const own = group.filter(({ verb }) => !verb.mayBePassed).length;
      if (own > 0) await untilFree?.();
      await settle({ tenant, afterVerb }, group);
      inFront -= own;
    }
    // In the same turn as the last look: whoever calls from now on starts it anew.
    running = undefined;
  }

  return {
    ask: <I, A>(verb: Verb<I, A>, items: readonly I[]) =>
      new Promise<readonly A[]>((resolve, reject) => {
        enter({
          verb: verb as Verb<unknown, unknown>,
          items,
          isAlone: false,
          resolve: resolve as Job["resolve"],
          reject,
        });
      }),
    async call<A>(
      { isDurable = true, isAlone = false, isWriting = false, mayBePassed = false }: CallTerms,
      run: (work: Work) => Promise<A>,
    ): Promise<A> {
      const verb: Verb<unknown, unknown> = {
        ...{ isDurable, isWriting, mayBePassed },
        run: async (work) => [await run(work)],
      };
      const [answer] = await new Promise<readonly unknown[]>((resolve, reject) => {
        enter({ verb, items: [undefined], isAlone, resolve, reject });
      });
      return answer as A;
    },
    isInFront: () => inFront > 0,
    idle: async () => running,
    async close() {
      isClosed = true;
      await running;
      await tenant.close();
    },
  };
}

/** The next calls that may share a transaction. */
function takeGroup(waiting: Job[]): readonly Job[] {
  const [first] = waiting;
  if (first?.isAlone) return waiting.splice(0, 1);
  let items = 0;
  let count = 0;
  for (const job of waiting) {
    items += job.items.length;
    if (job.isAlone || count === jobsMax || (count > 0 && items > itemsMax)) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

type Means = Pick<LaneParts, "tenant" | "afterVerb">;

/** Does a group, and answers each of its calls. One that spoils it for the others is found by doing each alone. */
async function settle(means: Means, group: readonly Job[]): Promise<void> {
  try {
    const answers = await attempt(means, group);
    for (const [at, job] of group.entries()) job.resolve(answers[at] ?? []);
  } catch (error) {
    const isShared = group.length > 1 && faultOf(error) !== "unavailable";
    if (!isShared) for (const { reject } of group) reject(problemOf(error));
    else for (const job of group) await settle(means, [job]);
  }
}

/** Does a group, and again as long as it is another server that was in the way and nothing was stored. */
async function attempt(
  { tenant, afterVerb }: Means,
  group: readonly Job[],
): Promise<readonly (readonly unknown[])[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tenant.transact(termsOf(group), (work) => runGroup(work, group, afterVerb));
    } catch (error) {
      if (faultOf(error) !== "conflict" || tries === triesMax) throw error;
    }
  }
}

const termsOf = (group: readonly Job[]): Terms => ({
  isDurable: group.some(({ verb }) => verb.isDurable),
  isAlone: group.some(({ isAlone }) => isAlone),
  isWriting: group.some(({ verb }) => verb.isWriting === true),
});

/** Runs calls of the same verb that follow each other as one, and deals the answers out. */
async function runGroup(
  work: Work,
  group: readonly Job[],
  afterVerb: AfterVerb,
): Promise<readonly (readonly unknown[])[]> {
  const answers: (readonly unknown[])[] = [];
  for (let at = 0; at < group.length; ) {
    const verb = group[at]?.verb;
    if (verb === undefined) break;
    let end = at + 1;
    while (group[end]?.verb === verb) end += 1;
    const alike = group.slice(at, end);
    answers.push(...deal(alike, await verb.run(work, itemsOf(alike))));
    await afterVerb(work);
    at = end;
  }
  return answers;
}

const itemsOf = (jobs: readonly Job[]): readonly unknown[] =>
  jobs.length === 1 ? (jobs[0]?.items ?? []) : jobs.flatMap(({ items }) => items);

function deal(jobs: readonly Job[], answers: readonly unknown[]): (readonly unknown[])[] {
  let from = 0;
  return jobs.map(({ items }) => {
    const own = answers.slice(from, from + items.length);
    from += items.length;
    return own;
  });
}
