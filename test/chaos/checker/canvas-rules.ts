/**
 * What must hold of chords in chords, whatever was done to the run: the body of each is made exactly once if all members of its header
 * have succeeded, and never otherwise; it is handed their results in their order; it is not made before the last of them has ended. What is
 * to be made for an end of the whole is made once for that end, and for no other. Pure.
 */

/** A chord as it was planned: leaves and chords, and a body. */
export type PlannedChord = {
  readonly path: string;
  readonly header: readonly PlannedMember[];
  /** It fails at once, and what goes on in it is cancelled. */
  readonly isHasty: boolean;
};
/** A member that is a task. */
export type PlannedLeaf = { readonly path: string; readonly value: number; readonly isBad: boolean };
/** An end of a canvas that has a task made for it: of the whole of it, or of its header however that ended. */
export type CalledEnd = "succeeded" | "failed" | "completed";
/** One member of a header. */
export type PlannedMember = PlannedChord | PlannedLeaf;

/** A task as it was found, by what it was planned as. */
export type FoundTask = {
  /** The leaf, the chord whose body it is, or the end that it was made for. */
  readonly path: string;
  /** How often it was handed out. */
  readonly deliveries: number;
  readonly state: string;
  readonly createdAt: number;
  readonly endedAt: number | undefined;
  readonly result: unknown;
};

/** A canvas as it was found. */
export type FoundCanvas = { readonly state: string; readonly tasks: readonly FoundTask[] };

/** How strictly a canvas is judged. */
export type Judging = {
  /** Whether all times are of one server: those of several are each some milliseconds off, and say nothing of an order. Default: they are. */
  readonly isOneClock?: boolean;
};

/** A sentence for every breach. */
export function canvasViolations(
  id: string,
  plan: PlannedChord,
  found: FoundCanvas,
  { isOneClock = true }: Judging = {},
): readonly string[] {
  const tasks = Map.groupBy(found.tasks, ({ path }) => path);
  const isGood = succeeds(plan);
  const wanted = isGood ? "succeeded" : "failed";
  const called = new Map(ends.map((end) => [calledPath(plan.path, end), end]));
  const planned = new Set([...pathsOf(plan), ...called.keys()]);
  return [
    ...(found.state === wanted ? [] : [`is ${found.state}, and was to be ${wanted}`]),
    ...[...tasks.keys()].filter((path) => !planned.has(path)).map((path) => `${path} was never planned`),
    ...found.tasks.flatMap(({ path, endedAt }) => (endedAt === undefined ? [`${path} has not ended`] : [])),
    ...chordViolations(plan, { tasks, isOneClock }, false),
    ...[...called].flatMap(([path, end]) => {
      const count = tasks.get(path)?.length ?? 0;
      const due = end === "completed" || end === wanted ? 1 : 0;
      return count === due ? [] : [`${path} was made ${count} times in place of ${due}`];
    }),
  ].map((what) => `canvas ${id}: ${what}`);
}

const ends: readonly CalledEnd[] = ["succeeded", "failed", "completed"];

/** What a task is planned as that is made for an end of the chord of this path. */
export const calledPath = (path: string, end: CalledEnd): string => `${path}+${end}`;

type Found = {
  readonly tasks: ReadonlyMap<string, readonly FoundTask[]>;
  readonly isOneClock: boolean;
};

/** `mayBeCut`: something around it may have failed at once, and left it without its body. */
function chordViolations(chord: PlannedChord, found: Found, mayBeCut: boolean): readonly string[] {
  const { path, header, isHasty } = chord;
  const { tasks, isOneClock } = found;
  const mayCut = mayBeCut || (isHasty && !succeeds(chord));
  const below = header.flatMap((member) =>
    "header" in member ? chordViolations(member, found, mayCut) : [],
  );
  const members = header.map((member) => tasks.get(member.path) ?? []);
  const bodies = tasks.get(path) ?? [];
  const often = header.flatMap(({ path: of }, at) =>
    (members[at]?.length ?? 0) > 1 ? [`${of} was made ${members[at]?.length} times`] : [],
  );
  const isDue = members.every(([member]) => member?.state === "succeeded");
  if (bodies.length !== (isDue ? 1 : 0) && !(isDue && mayBeCut && bodies.length === 0))
    return [
      ...below,
      ...often,
      `the body of ${path} was made ${bodies.length} times, and was ${isDue ? "" : "not "}due`,
    ];
  const [body] = bodies;
  if (body === undefined) return [...below, ...often];
  const last = Math.max(...members.map(([member]) => member?.endedAt ?? Number.POSITIVE_INFINITY));
  const handed = JSON.stringify(header.map(leftBy));
  return [
    ...below,
    ...often,
    ...(isOneClock && body.createdAt < last
      ? [`the body of ${path} was made before its header had ended`]
      : []),
    ...(body.state === "succeeded" && JSON.stringify(body.result) !== handed
      ? [`the body of ${path} was handed ${JSON.stringify(body.result)} in place of ${handed}`]
      : []),
  ];
}

/** Whether all of it ends well. */
const succeeds = (member: PlannedMember): boolean =>
  "header" in member ? member.header.every(succeeds) : !member.isBad;

/** What it leaves: a body returns what it is handed. */
const leftBy = (member: PlannedMember): unknown =>
  "header" in member ? member.header.map(leftBy) : member.value;

const pathsOf = (member: PlannedMember): readonly string[] =>
  "header" in member ? [member.path, ...member.header.flatMap(pathsOf)] : [member.path];
