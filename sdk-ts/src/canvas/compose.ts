import type { TaskDefinition } from "../define-task.ts";
import type { HandedOn } from "../task-options.ts";
import type { MembersSource } from "./gathering.ts";
import type { GroupResults, InForce } from "./group-types.ts";
import {
  type AnyNode,
  type AnySignature,
  type CanvasNode,
  ChainNode,
  GroupNode,
  type InputOf,
  type ResultOf,
  type Signature,
} from "./node.ts";

/** Steps of which each takes what the one before it leaves. */
type Fitting<Steps extends readonly AnyNode[]> = {
  readonly [Place in keyof Steps]: CanvasNode<
    ResultOf<Steps[Place]>,
    Place extends "0" ? never : Place extends keyof Before<Steps> ? Handed<Before<Steps>[Place]> : unknown
  >;
};
/** In each place what is in the place before it. */
type Before<Steps extends readonly AnyNode[]> = readonly [AnyNode, ...Steps];
type Handed<Step> = HandedOn<ResultOf<Step>>;
type LastOf<Steps extends readonly unknown[]> = Steps extends readonly [...unknown[], infer Step]
  ? Step
  : Steps[number];

/**
 * One after the other, each handed what the one before it leaves: `chain(fetchPage.signature([url]), parse.s(), store.s(["pages"]))`. The first
 * that does not succeed is the end of it.
 */
export function chain<Steps extends readonly [AnyNode, ...AnyNode[]]>(
  ...steps: Steps & Fitting<Steps>
): ChainNode<ResultOf<LastOf<Steps>>, InputOf<Steps[0]>> {
  return new ChainNode({ kind: "chain", steps });
}

/** The same step by step: `pipe(fetchPage.signature([url])).to(parse.s()).to(store.s(["pages"]))`. */
export const pipe = <Result, Input>(first: CanvasNode<Result, Input>): ChainNode<Result, Input> =>
  new ChainNode({ kind: "chain", steps: [first] });

/**
 * Side by side, in any order: `group(add.signature([1, 2]), add.signature([3, 4]))`. Leaves a list of what its members leave, in their order.
 * Members may also come as one array, iterable or async iterable, of any number: what exceeds a call is sent in pages.
 */
export function group<const Members extends readonly AnyNode[]>(
  ...members: Members
): GroupNode<Members, "usual", false>;
export function group<Member extends AnyNode>(
  members: MembersSource<Member>,
): GroupNode<readonly Member[], "usual", false>;
export function group(
  ...members: readonly (AnyNode | MembersSource<AnyNode>)[]
): GroupNode<readonly AnyNode[], "usual", false> {
  const [first] = members;
  const source = first === undefined || "content" in first ? (members as readonly AnyNode[]) : first;
  return new GroupNode({ kind: "group", members: source, gathering: {} });
}

/** What the header of a chord leaves. It fails with its first member that fails, unless it is gathered otherwise. */
type HeaderResults<Members extends readonly AnyNode[], Mode> = GroupResults<
  Members,
  InForce<Mode, "fail_fast">
>;

/**
 * A group, and what becomes of its results: `chord(group(...pages.map((url) => count.signature([url]))), sum.s())`. The header fails with
 * its first member that fails, and cancels the others, unless it is gathered otherwise.
 */
export function chord<Members extends readonly AnyNode[], Mode, Result>(
  header: GroupNode<Members, Mode>,
  body: CanvasNode<Result, HandedOn<HeaderResults<Members, Mode>>>,
): CanvasNode<Result, InputOf<GroupNode<Members, Mode>>> {
  return new ChainNode({ kind: "chord", header, body });
}

/** A task of one argument, or a signature of which one is missing. */
type TaskOfItem<Item, Result> =
  | TaskDefinition<[item: Item], Result, unknown, unknown>
  | Signature<Result, Item, never>;

/** One task for each item, which is the last of its arguments: `map(resize, paths)`, `map(resize.s([100]), paths)`. */
export const map = <Item, Result>(
  task: TaskOfItem<Item, Result>,
  items: MembersSource<NoInfer<Item>>,
): GroupNode<readonly CanvasNode<Result>[], "usual", false> => ofItems("map", task, { items, size: 1 });

/** One task for each item, whose members are its arguments: `starmap(add, [[1, 2], [3, 4]])`. */
export const starmap = <Args extends readonly unknown[], Result>(
  task: TaskDefinition<Args, Result, unknown, unknown>,
  items: MembersSource<NoInfer<Args>>,
): GroupNode<readonly CanvasNode<Result>[], "usual", false> => ofItems("starmap", task, { items, size: 1 });

/** One task for so many items, a list of which is the last of its arguments: `chunks(sendAll, addresses, 100)`. */
export function chunks<List extends readonly unknown[], Result>(
  task: TaskOfItem<List, Result>,
  items: MembersSource<NoInfer<List[number]>>,
  size: number,
): GroupNode<readonly CanvasNode<Result>[], "usual", false> {
  if (!(Number.isSafeInteger(size) && size >= 1))
    throw new RangeError(`size must be a whole number, 1 or more; it is ${size}`);
  return ofItems("chunks", task, { items, size });
}

type Items = { readonly items: MembersSource<unknown>; readonly size: number };

function ofItems<Result>(
  kind: "map" | "starmap" | "chunks",
  task: { readonly name: string; s(): unknown } | object,
  items: Items,
): GroupNode<readonly CanvasNode<Result>[], "usual", false> {
  const each = ("content" in task ? task : (task as { s(): unknown }).s()) as AnySignature;
  return new GroupNode({ kind, each, ...items, gathering: {} }, { input: undefined, options: {} });
}
