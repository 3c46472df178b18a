import { chain, chord, defineTask, group, type StemClient } from "@stem/sdk";
import { implement, type TaskContext } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

type Family = { readonly parentId: string | undefined; readonly rootId: string };

const told = defineTask<[label: string], string>({ name: "family.told" });
const follows = defineTask<[label: string, before: readonly unknown[]], string>({ name: "family.follows" });
const grows = defineTask<[label: string], string>({ name: "family.grows" });
const replaced = defineTask<[label: string], string>({ name: "family.replaced" });
const submits = defineTask<[label: string], string>({ name: "family.submits" });
const fails = defineTask<[label: string], string>({ name: "family.fails", options: { maxAttempts: 1 } });

/** What handlers were told of their families, by label, with the ids of their tasks; each says the same as the server's record. */
async function watchFamilies(): Promise<{
  readonly stem: StemClient;
  readonly families: ReadonlyMap<string, Family & { readonly id: string }>;
}> {
  const whole = await startStem();
  const families = new Map<string, Family & { readonly id: string }>();
  const note = async (ctx: TaskContext, label: string): Promise<string> => {
    const { id, parentId, rootId } = ctx;
    families.set(label, { id, parentId, rootId });
    expect(await ctx.place(), label).toMatchObject({ parentId, rootId });
    return label;
  };
  await whole.work({
    concurrency: 4,
    tasks: [
      implement(told, note),
      implement(follows, note),
      implement(grows, (ctx, label) => {
        ctx.addToGroup(told.signature([`${label}, added`]));
        return note(ctx, label);
      }),
      implement(replaced, async (ctx, label) => {
        await note(ctx, label);
        return ctx.replace(told.signature([`${label}, in its place`]));
      }),
      implement(submits, async (ctx, label) => {
        const inner = await ctx.submit(group(told.signature([`${label}, inner`])));
        await inner.result();
        return note(ctx, label);
      }),
      implement(fails, async (ctx, label) => {
        const isAgain = families.has(label);
        await note(ctx, isAgain ? `${label}, again` : label);
        if (!isAgain) throw new Error("not yet");
        return label;
      }),
    ],
  });
  return { stem: whole.stem, families };
}

test("a handler of a canvas is told whose child its task is, and what it brings forth is of the same family", async () => {
  const { stem, families } = await watchFamilies();
  const handle = await stem.submit(
    chain(
      chord(
        group(told.signature(["first"]), grows.signature(["grown"]), replaced.signature(["replaced"])),
        follows.s(["body"]),
      ),
      submits.signature(["submitting"]),
    ),
  );
  await handle.result();
  const root = { rootId: handle.id };
  const idOf = (label: string) => families.get(label)?.id;
  expect(families.get("first")).toMatchObject({ parentId: undefined, ...root });
  expect(families.get("grown, added")).toMatchObject({ parentId: idOf("grown"), ...root });
  expect(families.get("replaced, in its place")).toMatchObject({ parentId: idOf("replaced"), ...root });
  expect(families.get("body")).toMatchObject({ parentId: undefined, ...root });
  expect(families.get("submitting")).toMatchObject({ parentId: idOf("body"), ...root });
  expect(families.get("submitting, inner")).toMatchObject({ parentId: idOf("submitting"), ...root });
});

test("members that come later, in bulk and in a retried canvas know their family, too", async () => {
  const { stem, families } = await watchFamilies();
  const batch = await stem.batch([told.signature(["there"])], { open: true });
  await batch.add(told.signature(["later"]));
  await batch.seal();
  await batch.result();
  expect(families.get("later")).toMatchObject({ parentId: undefined, rootId: batch.id });

  const labels = Array.from({ length: 2000 }, (_, n) => `one of many ${n}`);
  const many = await stem.submit(group(labels.map((label) => told.signature([label]))));
  await many.result();
  expect(families.get("one of many 1999")).toMatchObject({ parentId: undefined, rootId: many.id });

  const failing = await stem.submit(fails.signature(["failing"]));
  await expect(failing.result()).rejects.toThrow("not yet");
  const again = await failing.retry();
  await again.result();
  expect(families.get("failing, again")).toMatchObject({ parentId: undefined, rootId: again.id });
});
