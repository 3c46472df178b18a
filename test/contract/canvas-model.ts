import fc from "fast-check";
import { expect, test } from "vitest";
import { taskIdOf, taskNameOf } from "../../server/src/model/ids.ts";
import { newTask } from "../support/new-task.ts";
import { barriersOf, expectCanvas } from "./canvas-compare.ts";
import { add, advance, cancelIdle, claim, close, settle, settleLate, submit, sweep } from "./canvas-deeds.ts";
import { idle, keyTaken } from "./canvas-drawn.ts";
import { type Draft, partsOf, planOf, tree } from "./canvas-plan.ts";
import { type Drawing, type Held, newWorld, taskPlan, type World } from "./canvas-world.ts";
import { lease, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** Canvases to be, and a stream of choices: what is done next, and to what. */
type Script = {
  readonly canvases: readonly { readonly tree: Draft; readonly closes: Drawing["closes"] }[];
  readonly choices: readonly number[];
};

const script: fc.Arbitrary<Script> = fc.record({
  canvases: fc.array(
    fc.record({
      tree,
      closes: fc.constantFrom(undefined, undefined, undefined, "cancelled" as const, "deadline" as const),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  choices: fc.array(fc.nat({ max: 999 }), { minLength: 5, maxLength: 60, size: "max" }),
});

/** Random canvases whose tasks end in every way and order, against what their plans say that they come to. */
export function canvasModelCases({ name, declared, open }: Suite): void {
  const seed = Number(process.env["STEM_SEED"] ?? Date.now() % 2 ** 31);
  const numRuns = Math.max(8, Math.ceil(declared.model.runs / 15));
  test(`canvases come to what they are drawn to, over ${numRuns} random ones`, {
    timeout: 240_000,
  }, async () => {
    process.stdout.write(`${name}: ${numRuns} random canvases; repeat them with STEM_SEED=${seed}\n`);
    let subject: Subject | undefined;
    let count = 0;
    async function forget(): Promise<void> {
      await subject?.dispose();
      subject = undefined;
    }
    const holds = fc.asyncProperty(script, async (asked) => {
      // What runs leave behind makes those that follow slower.
      if (count % 25 === 0) await forget();
      subject ??= await open({});
      count += 1;
      try {
        await run(subject, `run-${count}`, asked, declared.model.canReopen);
      } catch (error) {
        await forget();
        throw error;
      }
    });
    await fc.assert(holds, { seed, numRuns }).finally(forget);
  });
}

async function run(
  subject: Subject,
  name: string,
  { canvases, choices }: Script,
  canReopen: boolean,
): Promise<void> {
  const drafts = canvases.map(({ tree: draft, closes }, at) => ({
    closes,
    plan: planOf(draft, `${name}.${at}:`),
  }));
  const world = newWorld(subject, name, drafts);
  await takeAway(world);
  for (const drawing of world.drawings) await submit(world, drawing);
  for (let at = 0; at + 1 < choices.length; at += 2)
    await act(world, choices[at] ?? 0, choices[at + 1] ?? 0, canReopen);
  await drain(world);
  for (const drawing of world.drawings) await expectCanvas(world, drawing);
  for (const [label, times] of world.ran) expect(times, `how often ${label} has run`).toBe(1);
  await giveBack(world);
}

/** Others have the ids and the key that some tasks want. */
async function takeAway({ subject, run: name, plans }: World): Promise<void> {
  const taken = [...plans.values()].filter((plan) => plan.kind === "task" && plan.script.kind === "id_taken");
  const unique = {
    key: keyTaken(name),
    onConflict: "reject",
    keepUntil: undefined,
    startBy: undefined,
  } as const;
  await subject.accept(
    ...taken.map(({ label }) => newTask(`own ${label}`, { queue: idle, name: taskNameOf("stranger") })),
    newTask(`holder of ${name}`, {
      ...{
        queue: idle,
        name: taskNameOf("stranger"),
        unique,
        policy: { unique: { until: "ended", forMs: 0 } },
      },
    }),
  );
}

async function giveBack({ subject }: World): Promise<void> {
  for (const { id } of (await subject.list({ name: "stranger", states: ["ready"] })).tasks)
    await subject.cancel(taskIdOf(id));
}

/** Does one thing, as two numbers choose. */
async function act(world: World, what: number, which: number, canReopen: boolean): Promise<void> {
  const { subject, drawings, held, stale } = world;
  const drawing = drawings[which % drawings.length];
  switch (what % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
      return void (await claim(world, 1 + (which % 5)));
    case 4:
    case 5:
    case 6:
      return settle(world, chosen(world, 1, which));
    case 7:
    case 8:
      return settle(world, chosen(world, 6, which));
    case 9:
      return advance(world, [1, 1000, lease.graceMs + 1001, 6000][which % 4] ?? 0);
    case 10: {
      const late = stale[which % Math.max(1, stale.length)];
      return late && settleLate(world, late);
    }
    case 11:
      return void (await sweep(world));
    case 12: {
      const groups = openGroups(world);
      const label = groups[which % Math.max(1, groups.length)];
      return label === undefined ? undefined : void (await add(world, label));
    }
    case 13:
      await cancelIdle(world, 1 + (which % 2));
      return void (await subject.store.prune(subject.now, 100));
    case 14:
      if (canReopen && which % 4 === 0) return subject.reopen();
      return drawing && submit(world, drawing);
    default:
      if (held.length > 0 && which % 3 > 0) return settle(world, chosen(world, 3, which));
      return drawing && close(world, drawing);
  }
}

/** Some leases. Of canvases in which things end of themselves at most one, so that there is no question what came first. */
function chosen({ held, drawings }: World, most: number, which: number): readonly Held[] {
  const start = which % Math.max(1, held.length);
  const turned = [...held.slice(start), ...held.slice(0, start)].slice(0, most);
  const isDelicate = ({ label }: Held) =>
    drawings.some((drawing) => drawing.isDelicate && label.startsWith(drawing.id));
  return turned.filter((each, at) => !isDelicate(each) || at === turned.findIndex(isDelicate));
}

const openGroups = ({ drawings }: World): readonly string[] =>
  drawings.flatMap(({ plan }) =>
    partsOf(plan).flatMap((part) =>
      part.kind === "group" && part.additions !== undefined ? [part.label] : [],
    ),
  );

/** Goes on with everything until nothing is left to do. */
async function drain(world: World): Promise<void> {
  const { held, drawings } = world;
  for (const drawing of drawings) if (drawing.closes === "deadline") await close(world, drawing);
  for (let round = 0; round < 200; round += 1) {
    while ((await claim(world, 100)) > 0);
    while (held.some((each) => isSettled(world, each)))
      await settle(
        world,
        [held.find((each) => isSettled(world, each))].flatMap((each) => each ?? []),
      );
    await cancelIdle(world, 100);
    await advance(world, 6000);
    for (const label of openGroups(world)) while (await add(world, label));
    const isRest = await sweep(world);
    if (!isRest && !(await goesOn(world))) return;
  }
}

/** Somebody settles it, and does not lose its lease. */
function isSettled(world: World, { label, claimed }: Held): boolean {
  const kind = taskPlan(world, label)?.script;
  if (kind?.kind === "lost") return false;
  return kind?.kind !== "loses_lease" || claimed.deliveries > kind.times;
}

async function goesOn(world: World): Promise<boolean> {
  const { tasks } = await world.subject.list({ name: world.run, states: ["ready", "scheduled", "leased"] });
  if (tasks.length > 0) return true;
  const barriers = (await Promise.all(world.drawings.map(({ id }) => barriersOf(world, id)))).flat();
  const groups = openGroups(world);
  return groups.length > 0 && barriers.some(({ state, isSealed }) => state === "open" && !isSealed);
}
