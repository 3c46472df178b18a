/**
 * Canvases as they are written down: signatures of single tasks, put together to chains, groups and chords (compose.ts). Nothing here
 * changes in place, so a node may be part of any number of canvases.
 */

import type { EnqueueOptions, HandedOn, LinkCall, ParentFailure, TaskOptions } from "../task-options.ts";
import type { GatherOptions, MembersSource } from "./gathering.ts";
import type { GroupInput, GroupResults, InForce, IsApart, ModeOf, OpenedGroup } from "./group-types.ts";
import type { MissingArg, NameOf } from "./partial-args.ts";
import type { Leaving, made, Taking } from "./phantoms.ts";

/** What a node is made of. */
export type NodeContent =
  | TaskContent
  | { readonly kind: "chain"; readonly steps: readonly AnyNode[] }
  | { readonly kind: "chord"; readonly header: GroupLike; readonly body: AnyNode }
  | GroupContent;

/** One task. */
export type TaskContent = {
  readonly kind: "task";
  readonly task: { readonly name: string };
  readonly args: object;
};

/** Tasks side by side: members as they are, or one task for each item, or for `size` of them. */
export type GroupContent = { readonly gathering: GatherOptions } & (
  | { readonly kind: "group"; readonly members: MembersSource<AnyNode> }
  | {
      readonly kind: "map" | "starmap" | "chunks";
      readonly each: AnySignature;
      readonly items: MembersSource<unknown>;
      readonly size: number;
    }
);

/** What is said of a node, whatever it is made of. */
export type NodeSaid = {
  /** It is handed what is before it, under this name; undefined: it is not handed anything. */
  readonly input: { readonly as: string | undefined } | undefined;
  readonly options: EnqueueOptions;
};

/** Any node. */
export type AnyNode = CanvasNode<unknown, never>;

/** Any single task. */
export type AnySignature = Signature<unknown, never, never>;

/** Any node whose members are side by side. */
export type GroupLike = AnyNode & { readonly content: GroupContent };

/** What a node leaves. */
export type ResultOf<N> = N extends Leaving<infer Result> ? Result : never;

/** What a node takes from the one before it; unknown: nothing. */
export type InputOf<N> = N extends Taking<infer Input> ? Input : never;

/** A node that is linked no longer dissolves in the group that it is a member of. */
type Linked<N> =
  N extends OpenedGroup<infer Members extends readonly AnyNode[], infer Mode>
    ? GroupNode<Members, Mode, true>
    : N;

/** A part of a canvas, or a whole one. It leaves a `Result`, and takes an `Input` from what is before it; unknown: it takes nothing. */
export class CanvasNode<Result = unknown, Input = unknown> implements Leaving<Result>, Taking<Input> {
  declare readonly "~leaves": Result;
  declare readonly "~takes": (input: Input) => void;
  readonly content: NodeContent;
  readonly said: NodeSaid;

  constructor(content: NodeContent, said: NodeSaid = saysNothing) {
    this.content = content;
    this.said = said;
  }

  /** The same with options for all tasks in it, each where it says nothing itself; they outrank the definitions'. */
  with(options: TaskOptions): this {
    return this.saying({ options: { ...this.said.options, ...options } });
  }

  /** The same, not handed what is before it: of a chain its first step, of a group each member. */
  immutable(): CanvasNode<Result, unknown> {
    return this.saying({ input: undefined }) as unknown as CanvasNode<Result, unknown>;
  }

  /** The same with tasks that are made when it has succeeded, beside what follows it. At most 16. */
  link<N extends AnyNode>(this: N, ...calls: readonly LinkCall<HandedOn<ResultOf<N>>>[]): Linked<N> {
    const { link = [] } = this.said.options;
    const options = { ...this.said.options, link: [...link, ...calls] };
    return this.saying({ options }) as unknown as Linked<N>;
  }

  /** The same with tasks that are made, once, when it has failed, handed the failure that it began with. At most 16. */
  linkError<N extends AnyNode>(this: N, ...calls: readonly LinkCall<ParentFailure>[]): Linked<N> {
    const { linkError = [] } = this.said.options;
    const options = { ...this.said.options, linkError: [...linkError, ...calls] };
    return this.saying({ options }) as unknown as Linked<N>;
  }

  /** One of the same kind, but for this. */
  saying(said: Partial<NodeSaid>, content: NodeContent = this.content): this {
    const same = this.constructor as new (content: NodeContent, said: NodeSaid) => this;
    return new same(content, { ...this.said, ...said });
  }
}

const saysNothing: NodeSaid = { input: { as: undefined }, options: {} };

/**
 * One task with its arguments, not yet enqueued: `add.signature([1, 2])` has them all; `add.s([1])` takes the last one from what is before it.
 * It can also be a link of another task.
 */
export class Signature<Result = unknown, Input = unknown, Args = never>
  extends CanvasNode<Result, Input>
  implements LinkCall<Input>
{
  declare readonly content: TaskContent;

  get task(): { readonly name: string } {
    return this.content.task;
  }
  get args(): object {
    return this.content.args;
  }
  get options(): EnqueueOptions {
    return this.said.options;
  }
  get input(): { readonly as: string | undefined; takes?(input: Input): void } | undefined {
    return this.said.input;
  }

  /** The same with options of this call, over those of the definition and of what it is in. */
  override with(options: EnqueueOptions): this {
    return super.with(options);
  }

  override immutable(): Signature<Result, unknown, Args> {
    return super.immutable() as Signature<Result, unknown, Args>;
  }

  /** The same, handed what is before it as this one of its named arguments. */
  as<Name extends NameOf<Args>>(name: Name): Signature<Result, Args[Name & keyof Args], Args> {
    type Renamed = Signature<Result, Args[Name & keyof Args], Args>;
    return this.saying({ input: { as: name } }) as unknown as Renamed;
  }
}

/** A signature with all its arguments. */
export const completeSignature = <Result, Args>(
  task: { readonly name: string },
  args: object,
  options: EnqueueOptions,
): Signature<Result, unknown, Args> =>
  new Signature({ kind: "task", task, args }, { input: undefined, options });

/** A signature that takes something from what is before it. */
export const partialSignature = <Result, Args>(
  task: { readonly name: string },
  args: object,
  options: EnqueueOptions,
): Signature<Result, MissingArg<Args>, Args> =>
  new Signature({ kind: "task", task, args }, { input: { as: undefined }, options });

/** One after the other. */
export class ChainNode<Result = unknown, Input = unknown> extends CanvasNode<Result, Input> {
  /** The same with one more step, which takes what the last one leaves. */
  to<N extends AnyNode, R>(this: N, next: CanvasNode<R, HandedOn<ResultOf<N>>>): ChainNode<R, InputOf<N>> {
    return new ChainNode({ kind: "chain", steps: [...stepsOf(this), next] });
  }
}

/** A chain of which nothing is said is no more than its steps. */
const stepsOf = (node: AnyNode): readonly AnyNode[] =>
  node.content.kind === "chain" && node.said === saysNothing ? node.content.steps : [node];

/** Side by side; leaves the list of what its members leave. */
export class GroupNode<
  Members extends readonly AnyNode[] = readonly AnyNode[],
  Mode = string,
  Apart = boolean,
> extends CanvasNode<GroupResults<Members, InForce<Mode, "wait">>, GroupInput<Members>> {
  declare readonly [made]: { readonly members: Members; readonly mode: Mode; readonly apart: Apart };
  declare readonly content: GroupContent;

  /** The same, gathered as the options say; what they leave out stays. */
  gather<const Options extends GatherOptions>(
    options: Options,
  ): GroupNode<Members, ModeOf<Options, Mode>, IsApart<Options, Apart>> {
    const gathering = { ...this.content.gathering, ...options };
    type Gathered = GroupNode<Members, ModeOf<Options, Mode>, IsApart<Options, Apart>>;
    return this.saying({}, { ...this.content, gathering }) as unknown as Gathered;
  }
}

/** The group of a canvas that may be open, and be sent in pages: the canvas itself, or what it begins with. */
export function beginningGroup(node: AnyNode): GroupLike | undefined {
  const { content } = node;
  if (content.kind === "task") return undefined;
  if (content.kind === "chain") return content.steps[0] && beginningGroup(content.steps[0]);
  return content.kind === "chord" ? content.header : (node as GroupLike);
}
