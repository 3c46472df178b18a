import type { HistoryLine } from "../history.ts";
import type { Evidence } from "./evidence.ts";
import type { Violation } from "./rules.ts";

/** How a run can be done again. */
export type Repeat = { readonly seed: number; readonly command: string };

const violationsMax = 5;

/** What a person needs to look into a failed run: each breach with the few lines that concern its task. */
export function report(violations: readonly Violation[], evidence: Evidence, repeat: Repeat): string {
  const told = violations.slice(0, violationsMax).map((violation) => tell(violation, evidence));
  const more = violations.length - told.length;
  return [
    ...told,
    ...(more > 0 ? [`… and ${more} more: ${countByRule(violations)}`] : []),
    `repeat with: STEM_SEED=${repeat.seed} ${repeat.command}`,
  ].join("\n\n");
}

function tell({ rule, task, what }: Violation, { lines, tasks, events }: Evidence): string {
  const own = lines.filter((line) => "task" in line && line.task === task);
  const procs = new Set(own.map(({ proc }) => proc));
  const from = Math.min(...own.map(({ t }) => t));
  const until = Math.max(...own.map(({ t }) => t));
  const faults = lines.filter(
    (line) =>
      "target" in line && line.t >= from && line.t <= until && (procs.has(line.target) || isServer(line)),
  );
  return [
    `${rule}: task ${task} ${what}`,
    ...[...own, ...faults].toSorted((a, b) => a.t - b.t).map((line) => `  ${timeline(line, from)}`),
    ...events.filter((event) => event.task === task).map((event) => `  event ${JSON.stringify(event)}`),
    ...tasks.filter(({ id }) => id === task).map((stored) => `  store ${JSON.stringify(stored)}`),
  ].join("\n");
}

const isServer = (line: HistoryLine): boolean => "target" in line && line.target.startsWith("server");

function timeline(line: HistoryLine, from: number): string {
  const { t, proc, op, phase, ...facts } = line;
  return `${(t - from).toFixed(1).padStart(9)} ms ${proc} ${op} ${phase} ${JSON.stringify(facts)}`;
}

const countByRule = (violations: readonly Violation[]): string =>
  [...Map.groupBy(violations, ({ rule }) => rule)].map(([rule, all]) => `${rule} × ${all.length}`).join(", ");
