/** One named comparison: our figure beside a peer's, taken in turn in the same run. */
export type Benchmark = {
  readonly name: string;
  /** What is done, in one line for the table. */
  readonly work: string;
  readonly unit: string;
  /** What the ratio must reach; the other bounds of a benchmark stand in its own `pass`. */
  readonly bound: number;
  /** The ratio is of costs: the bound is what it must not cross. */
  readonly isCost?: boolean;
  /** Takes the figures. */
  run(plan: Plan): Promise<Measured>;
};

/** How thorough to be. */
export type Plan = {
  /** How often each side is measured; the median counts. */
  readonly runs: number;
  /** Multiplies the number of tasks: 1 is the documented size. */
  readonly scale: number;
  /** Says what is going on. */
  readonly say: (text: string) => void;
};

/** What a benchmark found. */
export type Measured = {
  readonly ours: readonly number[];
  readonly peer: readonly number[];
  /** From the medians; above 1 is better than the peer, unless it is of costs. */
  readonly ratio: number;
  /** Whether every run delivered every task exactly once. */
  readonly delivered: boolean;
  /** Whether the bounds hold beyond the ratio; undefined: the ratio is all. */
  readonly alsoPass?: boolean;
  /** Further figures, for the record. */
  readonly extra?: Readonly<Record<string, number>>;
};

/** One side's figure of one run, and whether it delivered exactly. */
export type Sample = { readonly value: number; readonly delivered: boolean };

/** The middle one, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] =
    sorted.length % 2 ? [sorted[middle], sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** The value below which `share` of the values lie. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Measures both sides in turn, so that a machine whose speed drifts is the same for both. */
export const inTurn = (
  plan: Plan,
  ours: () => Promise<Sample>,
  peer: () => Promise<Sample>,
): Promise<Measured> => sideBySide(plan, async () => ({ ours: await ours(), peer: await peer() }));

/** The same, where one run measures both. */
export async function sideBySide(plan: Plan, both: () => Promise<Sides>): Promise<Measured> {
  const found: Sides[] = [];
  for (let run = 1; run <= plan.runs; run += 1) {
    const sides = await both();
    found.push(sides);
    plan.say(`run ${run} of ${plan.runs}: ours ${text(sides.ours)}, peer ${text(sides.peer)}`);
  }
  const values = { ours: found.map(({ ours }) => ours.value), peer: found.map(({ peer }) => peer.value) };
  return {
    ...values,
    ratio: median(values.ours) / median(values.peer),
    delivered: found.every(({ ours, peer }) => ours.delivered && peer.delivered),
  };
}

/** What one run found of either side. */
export type Sides = { readonly ours: Sample; readonly peer: Sample };

const text = ({ value, delivered }: Sample): string =>
  `${Math.round(value)}${delivered ? "" : " (not delivered exactly!)"}`;
