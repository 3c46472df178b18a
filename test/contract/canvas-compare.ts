import { expect } from "vitest";
import type { Barrier } from "../../server/src/model/canvas.ts";
import { barrierIdOf, canvasIdOf, defaultNamespace } from "../../server/src/model/ids.ts";
import { handedBy } from "./canvas-deeds.ts";
import { expected } from "./canvas-expected.ts";
import type { BarrierFact, CallFact, Facts, Handed, Value } from "./canvas-facts.ts";
import type { Order } from "./canvas-log.ts";
import type { Plan } from "./canvas-plan.ts";
import { textOf, valueLeft } from "./canvas-subject.ts";
import { type Drawing, idAround, knownBarriers, resultOf, type World } from "./canvas-world.ts";

/** What a canvas has come to must be what its plan says, in one of the orders in which a store may take in what comes in one call. */
export async function expectCanvas(world: World, drawing: Drawing): Promise<void> {
  const found = await factsOf(world, drawing);
  const orders: readonly Order[] = ["in rounds", "one by one"];
  const answers = orders.map((order) => inOrder(world, drawing, order));
  const isOne = answers.some((answer) => isSame(asAsked(found, answer), answer));
  const [answer] = answers;
  if (!isOne && answer !== undefined) expect(asAsked(found, answer)).toEqual(answer);
}

/** Without what callbacks were handed where no plan says that: what was there when somebody read it. */
const asAsked = (found: Comparable, { calls }: Comparable): Comparable => ({
  ...found,
  calls: Object.fromEntries(
    Object.entries(found.calls).map(([label, call]) => [
      label,
      calls[label]?.value === undefined ? { ...call, value: undefined } : call,
    ]),
  ),
});

const isSame = (found: unknown, wanted: unknown): boolean => {
  try {
    expect(found).toEqual(wanted);
    return true;
  } catch {
    return false;
  }
};

type Comparable = {
  readonly tasks: Record<string, unknown>;
  readonly barriers: Record<string, BarrierFact>;
  readonly calls: Record<string, Omit<CallFact, "on"> & { readonly on: string }>;
};

function inOrder(world: World, { id, plan, isDelicate }: Drawing, order: Order): Comparable {
  const { log, names, submitted } = world;
  const start = submitted.get(id);
  if (start === undefined) throw new Error(`${id} was not submitted`);
  const reading = {
    log,
    order,
    resultOf,
    idAround: (label: string, plans: readonly Plan[]) => idAround(names, label, plans),
  };
  return comparable(expected(plan, start, reading), isDelicate);
}

/** What came first where several things ended of themselves is left out. */
function comparable({ tasks, barriers, calls }: Facts, isDelicate: boolean): Comparable {
  const sorted = <T>(map: ReadonlyMap<string, T>) =>
    Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  const plain = new Map(
    [...barriers].map(([id, fact]) => [id, isDelicate ? { ...fact, cause: undefined } : fact]),
  );
  return { tasks: sorted(tasks), barriers: sorted(plain), calls: sorted(calls) };
}

async function factsOf(world: World, drawing: Drawing): Promise<Comparable> {
  const { subject, run, inputs, plans } = world;
  const { tasks: all } = await subject.list({ name: run });
  const own = all.filter(({ content }) => textOf(content).startsWith(drawing.id));
  const labels = own.map(({ content }) => textOf(content));
  expect(new Set(labels).size, "whatever is made is made once").toBe(labels.length);
  const known = knownBarriers(world, drawing);
  const tasks = new Map<string, { readonly input: Handed | undefined; readonly end: string | undefined }>();
  for (const { content, state, reason, endedAt, input } of own) {
    const label = textOf(content);
    const end = endedAt === undefined ? undefined : [state, reason ?? ""].join(" ");
    // Whoever ran has said what it was handed then.
    const handed = inputs.has(label) ? inputs.get(label)?.handed : await handedBy(world, input);
    if (plans.has(label)) tasks.set(label, { input: knownFrom(handed, known), end });
  }
  const calls = new Map(
    own.flatMap(({ content }) => {
      const label = textOf(content);
      const { on, handed } = inputs.get(label) ?? {};
      const { from, value } = knownFrom(handed, known) ?? {};
      if (plans.has(label)) return [];
      return [[label, { on, from, value }] as const];
    }),
  );
  const barriers = new Map<string, BarrierFact>();
  for (const barrier of await barriersOf(world, drawing.id)) {
    expect(barrier.hasRest, "what has ended is swept").toBe(false);
    if (known.has(barrier.id)) barriers.set(barrier.id, await factOf(world, barrier));
  }
  return comparable({ tasks, barriers, calls } as unknown as Facts, drawing.isDelicate);
}

export async function barriersOf({ subject }: World, canvas: string): Promise<readonly Barrier[]> {
  const page = { namespace: defaultNamespace, canvas: canvasIdOf(canvas), after: undefined, limit: 1000 };
  return subject.store.listBarriers(page);
}

async function factOf({ subject, names }: World, barrier: Barrier): Promise<BarrierFact> {
  const { state, size, ended, unsuccessful, isSealed, cause, callbacks, attempted } = barrier;
  const ref = { namespace: defaultNamespace, id: barrierIdOf(barrier.id) };
  const members = await subject.store.readMembers({
    ref,
    after: undefined,
    limit: 1000,
    bytesMax: 10_000_000,
  });
  return {
    ...{ state, size, ended, unsuccessful, isSealed },
    cause: cause && {
      ...{ state: cause.state, reason: cause.reason },
      task: cause.task === undefined ? undefined : (names.labels.get(cause.task) ?? cause.task),
    },
    members: members.map(({ index }) => index),
    attempted:
      callbacks.some(({ on }) => on === "attempted") && barrier.shape === "list" ? attempted : undefined,
    value: (await valueLeft(subject, barrier.id)) as Value,
  };
}

/** What was handed; a barrier of which nothing is known is any. */
const knownFrom = (handed: Handed | undefined, known: ReadonlySet<string>): Handed | undefined =>
  handed?.isBarrier && !known.has(handed.from) ? { ...handed, from: "" } : handed;
