import type { DescMethod } from "@bufbuild/protobuf";
import type { AnyHandler, Interceptor, ServiceEntry } from "./call.ts";

/** One method with its handler, interceptors and all: what the two stacks serve. */
export type Route = {
  readonly method: DescMethod;
  /** Such as "/stem.v1.TaskService/GetTask". */
  readonly path: string;
  /** Such as "stem.v1.TaskService/GetTask", for contexts and logs. */
  readonly name: string;
  readonly handler: AnyHandler;
};

/** Every method of `entries`, its handler wrapped in `interceptors`, the first of them outermost. */
export const routesOf = (
  entries: readonly ServiceEntry[],
  interceptors: readonly Interceptor[],
): readonly Route[] =>
  entries.flatMap(({ service, handlers }) =>
    service.methods.map((method) => {
      const handler = handlers[method.localName];
      if (!handler) throw new Error(`${service.typeName} has no handler for ${method.name}`);
      const name = `${service.typeName}/${method.name}`;
      const wrapped = interceptors.reduceRight((next, intercept) => intercept(method, next), handler);
      return { method, path: `/${name}`, name, handler: wrapped };
    }),
  );
