import type { StandardSchemaV1 } from "@standard-schema/spec";
import { completeSignature, partialSignature, type Signature } from "./canvas/node.ts";
import type { Leading, MissingArg } from "./canvas/partial-args.ts";
import type { PayloadCodec } from "./codec/codec.ts";
import { type PayloadOptions, payloadCodecs } from "./payload-options.ts";
import { jsonSchemaOf } from "./schema.ts";
import type { EnqueueOptions, TaskOptions } from "./task-options.ts";

/** What a task can take: a tuple (positional arguments), an object (named arguments) or a Uint8Array (bytes). */
export type ArgsShape = readonly unknown[] | object;

/** The arguments as a function gets them: a tuple spread out, anything else as one argument. */
export type SpreadArgs<Args> = Args extends readonly unknown[] ? Args : [args: Args];

/**
 * A task that producers and workers agree on. `Args` and `Result` are what producers give and get; `HandlerArgs` and `HandlerResult` are
 * the handler's side, which differs only where a schema transforms.
 */
export type TaskDefinition<
  Args extends ArgsShape = ArgsShape,
  Result = unknown,
  HandlerArgs = Args,
  HandlerResult = Result,
> = {
  /** Which handler runs it. */
  readonly name: string;
  /** Checks the arguments, at the producer and again at the worker. */
  readonly argsSchema: StandardSchemaV1<Args, HandlerArgs> | undefined;
  /** Checks the result, at the worker and again where it is awaited. */
  readonly resultSchema: StandardSchemaV1<HandlerResult, Result> | undefined;
  /** How data of its progress travels. */
  readonly codec: PayloadCodec;
  /** How arguments travel. */
  readonly argsCodec: PayloadCodec;
  /** How the result travels. */
  readonly resultCodec: PayloadCodec;
  /** What the server is told of it by the workers that run it. */
  readonly facts: TaskFacts;
  /** The options that the definition gives a call with these arguments. */
  optionsFor(args: Args): TaskOptions;
  /** One call of it, for `enqueueMany`. */
  call(...rest: CallArgs<Args, Result>): TaskCall<Result>;
  /** A part of a canvas with all its arguments, which takes nothing from what is before it: `add.signature([1, 2])`. */
  signature(...rest: CallArgs<Args, Result>): Signature<Result, unknown, Args>;
  /**
   * A part of a canvas without its last argument, which what is before it leaves: `add.s([1])`; of named arguments with some of them, handed
   * the one called `result`, or `.as("name")`. Options that depend on the arguments are made of those that are there.
   */
  s(...rest: PartialCallArgs<Args, Result>): Signature<Result, MissingArg<Args>, Args>;
};

/** A definition of which only the result matters. */
export type AnyTask<Result = unknown> = TaskDefinition<ArgsShape, Result, unknown, unknown>;

/** A task with its arguments and options, not yet enqueued. */
export type TaskCall<Result = unknown> = {
  readonly task: AnyTask<Result>;
  readonly args: ArgsShape;
  readonly options: EnqueueOptions | undefined;
};

/** What follows the task in a call: its arguments, which may be left out where none are needed, and options. */
export type CallArgs<Args, Result = never> = ArgsAndOptions<Args, EnqueueOptions<Result>>;

/** The same without the argument that something else hands over. */
type PartialCallArgs<Args, Result> = Args extends readonly unknown[]
  ? CallArgs<Leading<Args>, Result>
  : [args?: Partial<Args>, options?: EnqueueOptions<Result>];

/** The same with options of another kind. */
export type ArgsAndOptions<Args, Options> = Args extends readonly unknown[]
  ? [] extends Args
    ? [args?: Args, options?: Options]
    : [args: Args, options?: Options]
  : [args: Args, options?: Options];

/** What is known of a task besides how it is called: shown to whoever lists definitions, and announced by the workers that run it. */
export type TaskFacts = {
  /** What it does, in a few sentences. */
  readonly description: string;
  /** Words to find the definition by, at most 16. */
  readonly tags: readonly string[];
  /** Whether running it twice does no harm beyond running it once. Default false. */
  readonly idempotent: boolean;
  /** Where workers disagree the higher version is in force. Default 0. */
  readonly version: number;
  /** What its arguments look like, as JSON Schema; undefined: nobody says. */
  readonly argsJsonSchema: object | undefined;
  /** The options that its tasks get from whoever enqueues them, without this definition too; none where they depend on the arguments. */
  readonly options: TaskOptions;
};

/** What every definition says. */
type Spec<Args> = {
  /** Which handler runs it, such as "mail.send". At most 255 printable ASCII characters without spaces. */
  readonly name: string;
  /** Defaults for each call; a function gets the arguments, a tuple spread out. */
  readonly options?: TaskOptions | ((...args: SpreadArgs<Args>) => TaskOptions);
  /** What it does, in a few sentences, for people. */
  readonly description?: string;
  /** Words to find the definition by, at most 16. (Tags of its tasks are options.) */
  readonly tags?: readonly string[];
  /** Whether running it twice does no harm beyond running it once. Default false. */
  readonly idempotent?: boolean;
  /** Raise it when the definition changes: where workers disagree the higher version is in force. Default 0. */
  readonly version?: number;
  /** What its arguments look like, as JSON Schema. Default: what the validator of `args` says, where it can. */
  readonly argsJsonSchema?: object;
} & PayloadOptions;

type ArgsSchema = StandardSchemaV1<ArgsShape, unknown>;
type Input<S extends ArgsSchema> = StandardSchemaV1.InferInput<S>;
type Output<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

/** Defines a task whose arguments and result are checked by Standard Schema validators. */
export function defineTask<A extends ArgsSchema, R extends StandardSchemaV1>(
  spec: Spec<Input<A>> & { readonly args: A; readonly result: R },
): TaskDefinition<Input<A>, Output<R>, Output<A>, StandardSchemaV1.InferInput<R>>;
/** Defines a task whose arguments are checked; its result is unknown. */
export function defineTask<A extends ArgsSchema>(
  spec: Spec<Input<A>> & { readonly args: A; readonly result?: undefined },
): TaskDefinition<Input<A>, unknown, Output<A>>;
/** Defines a task by its types alone: `defineTask<[a: number, b: number], number>({ name: "math.add" })`. */
export function defineTask<Args extends ArgsShape = [], Result = void>(
  spec: Spec<Args> & {
    readonly args?: StandardSchemaV1<Args, Args>;
    readonly result?: StandardSchemaV1<Result, Result>;
  },
): TaskDefinition<Args, Result>;
export function defineTask(
  spec: Spec<readonly unknown[]> & {
    readonly args?: ArgsSchema | undefined;
    readonly result?: StandardSchemaV1 | undefined;
  },
): AnyTask {
  const { name, options = {} } = spec;
  const definition: AnyTask = {
    name,
    argsSchema: spec.args,
    resultSchema: spec.result,
    ...payloadCodecs(spec),
    facts: factsOf(spec),
    optionsFor: (args) => (typeof options === "function" ? options(...spreadArgs(args)) : options),
    call: (args: ArgsShape = [], callOptions?: EnqueueOptions) => ({
      task: definition,
      args,
      options: callOptions,
    }),
    signature: (args: ArgsShape = [], callOptions: EnqueueOptions = {}) =>
      completeSignature(definition, args, callOptions),
    s: (args: ArgsShape = [], callOptions: EnqueueOptions = {}) =>
      partialSignature(definition, args, callOptions),
  };
  return definition;
}

/**
 * `defineTask` with payload options that all its definitions share, each of which may say otherwise: `const defineTask = taskDefiner({
 * codec: msgpack, compression: { algorithm: "zstd" } })`.
 */
export function taskDefiner(shared: PayloadOptions): typeof defineTask {
  return ((spec: Spec<[]>) => defineTask({ ...shared, ...spec })) as typeof defineTask;
}

function factsOf(spec: Spec<readonly unknown[]> & { readonly args?: ArgsSchema | undefined }): TaskFacts {
  const { description = "", tags = [], idempotent = false, version = 0, options = {} } = spec;
  const argsJsonSchema = spec.argsJsonSchema ?? (spec.args && jsonSchemaOf(spec.args));
  return {
    ...{ description, tags, idempotent, version, argsJsonSchema },
    // What depends on the arguments is no default of all tasks.
    options: typeof options === "function" ? {} : options,
  };
}

/** The arguments as a function gets them: an array spread out, anything else as one argument. */
export const spreadArgs = (args: unknown): readonly unknown[] => (Array.isArray(args) ? args : [args]);
