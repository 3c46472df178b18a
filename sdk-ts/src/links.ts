import { create, fromBinary } from "@bufbuild/protobuf";
import { type Link, LinkSchema, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { Last, Leading } from "./canvas/partial-args.ts";
import type { AnyTask, ArgsShape, CallArgs, TaskCall, TaskDefinition } from "./define-task.ts";
import type { EnqueueOptions, LinkCall } from "./task-options.ts";

/**
 * A call that gets its last argument from the task that it follows: what that returned, or a ParentFailure.
 * `enqueue(resize, [path], { link: [withInput(publish, ["album"])], linkError: [withInput(alarm)] })`
 */
export function withInput<Args extends readonly unknown[], Result>(
  task: TaskDefinition<Args, Result, unknown, unknown>,
  ...rest: CallArgs<Leading<NoInfer<Args>>, NoInfer<Result>>
): LinkCall<Last<Args>> {
  const [args = [], options] = rest as [args?: ArgsShape, options?: EnqueueOptions];
  return { task, args, options, input: { as: undefined } };
}

/** The same for a task with named arguments, by the name of one of them: `withInputAs(publish, "image", { album: "holiday" })`. */
export function withInputAs<Args extends object, Name extends keyof Args & string, Result>(
  task: TaskDefinition<Args, Result, unknown, unknown>,
  name: Name,
  args: Omit<NoInfer<Args>, Name>,
  options?: EnqueueOptions<NoInfer<Result>>,
): LinkCall<Args[Name]> {
  return { task, args, options, input: { as: name } };
}

/** Whether a call says what follows it. */
export const hasLinks = (options: EnqueueOptions | undefined): boolean =>
  options?.link !== undefined || options?.linkError !== undefined;

/** Calls whose arguments are all there, and can be checked: those that follow `options`, and those that follow them. */
export const completeCallsIn = (options: EnqueueOptions | undefined): readonly TaskCall[] =>
  [...(options?.link ?? []), ...(options?.linkError ?? [])].flatMap((call) => [
    ...(call.input === undefined ? [callOf(call)] : []),
    ...completeCallsIn(call.options),
  ]);

/** Links as messages, their tasks encoded by `encode`. */
export const linksToProto = (
  links: readonly LinkCall[] | undefined,
  encode: (call: TaskCall) => Uint8Array,
): Link[] =>
  (links ?? []).map((call) => {
    const task = fromBinary(NewTaskSchema, encode(callOf(call)));
    const inputAs = call.input?.as;
    return create(LinkSchema, {
      task,
      ignoreInput: call.input === undefined,
      ...(inputAs !== undefined && { inputAs }),
    });
  });

// Only definitions make calls; the options know less of them so as not to stand in a circle with the definitions.
export const callOf = ({ task, args, options }: LinkCall): TaskCall => ({
  task: task as AnyTask,
  args: args as ArgsShape,
  options,
});
