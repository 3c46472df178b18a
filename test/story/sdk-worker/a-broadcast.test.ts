import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

const reload = defineTask<[version: number], string>({
  name: "config.reload",
  options: { queue: "elsewhere", delayMs: 60_000 },
});

test("a broadcast runs at every worker that listens, now or later, and says what became of it at each", async () => {
  const { stem, work } = await startStem();
  const seen: string[] = [];
  const listen = (name: string) =>
    work({
      name,
      channels: ["config"],
      tasks: [
        implement(reload, async (_, version) => {
          seen.push(`${name} ${version}`);
          return `${name} is at ${version}`;
        }),
      ],
    });
  const done = (count: number) =>
    until(() => seen.length >= count, { what: `${count} runs`, deadlineMs: 50_000 });
  await listen("a");
  await listen("b");
  const published = await stem.broadcast("config", reload, [7], { id: "v7" });
  expect(published).toMatchObject({ id: "v7", deduplicated: false, listeners: 2 });
  await done(2);
  await listen("late");
  await done(3);
  expect(seen.toSorted()).toEqual(["a 7", "b 7", "late 7"]);
  const states = await until(
    async () => {
      const outcomes = await published.outcomes();
      return outcomes.every(({ status }) => status.state === "succeeded") && outcomes;
    },
    { what: "all outcomes", deadlineMs: 50_000 },
  );
  expect(states.map(({ worker }) => worker).toSorted()).toEqual(["a", "b", "late"]);
  expect(await stem.broadcast("config", reload, [7], { id: "v7" })).toMatchObject({
    deduplicated: true,
    listeners: 3,
  });
  expect(await published.end()).toEqual({ cancelled: 0, running: 0 });
});

test("a second worker of a name waits until the first one has gone, and says so", async () => {
  const { work, stem, log } = await startStem();
  const seen: string[] = [];
  const tasks = (which: string) => [
    implement(reload, async () => void seen.push(which) as unknown as string),
  ];
  const first = await work({ name: "w", channels: ["config"], tasks: tasks("first") });
  const second = work({ name: "w", channels: ["config"], tasks: tasks("second") });
  await until(
    () => log.lines.some(({ facts }) => "reason" in facts && facts.reason === "LISTENER_NAME_TAKEN"),
    {
      what: "the refusal in the log",
      deadlineMs: 50_000,
    },
  );
  await first.stop();
  await second;
  await stem.broadcast("config", reload, [1]);
  await until(() => seen.length > 0, { what: "a run", deadlineMs: 50_000 });
  expect(seen).toEqual(["second"]);
});
