/** A namespace's rules, made ready to be asked for every task. */

import { digest48 } from "../lib/digest.ts";
import { remembered } from "../lib/remembered.ts";
import type { Bounds } from "../model/gate.ts";
import type { QueueName } from "../model/ids.ts";
import type { Defaults } from "../model/limits.ts";
import type {
  Binding,
  ChannelTerms,
  HeaderMatch,
  QueueRules,
  RouteDecision,
  RoutedTask,
  RouteRule,
  RouteTarget,
  RoutingRules,
} from "../model/route.ts";
import { noOptions, priorities } from "./read-options.ts";
import { usesIn } from "./uses.ts";

/** What a decision needs to know besides the task. */
export type Surroundings = {
  /** Whether somebody takes tasks of a queue now. */
  readonly isServed: (queue: QueueName) => boolean;
  /** The priority of a task that nobody gave one. Default: the server's. */
  readonly priorityOtherwise?: number | undefined;
  /** Is told each step of the decision, in words. */
  readonly note?: ((step: string) => void) | undefined;
};

/** What becomes of a task: a decision; or the queue that it asks for is not declared where that is refused. */
export type Routed =
  | ({ readonly kind: "routed" } & RouteDecision)
  | { readonly kind: "undeclared"; readonly queue: QueueName };

/** What a worker gets that wants some queues: those queues under their own names, each once; or one that is not declared. */
export type Subscription =
  | { readonly kind: "queues"; readonly queues: readonly QueueName[] }
  | { readonly kind: "undeclared"; readonly queue: QueueName };

/** Decides for one namespace. */
export type RoutingTable = {
  resolve(task: RoutedTask, around: Surroundings): Routed;
  subscribe(wanted: readonly QueueName[]): Subscription;
  /** What is said of a channel; undefined for one that is not declared where that is refused. */
  channelTerms(channel: string): ChannelTerms | undefined;
  /** Every place of the rules that names a queue. */
  usesOf(queue: QueueName): readonly string[];
  /** The limits of the queues of which the rules say some. */
  readonly queueLimits: QueueLimits;
};

/** Limits by queue. */
export type QueueLimits = ReadonlyMap<QueueName, Bounds>;

/** Names and keys whose patterns are not compared again. */
const rememberedMax = 1000;

const undeclaredQueue: QueueRules = {
  priorityMin: priorities.min,
  priorityMax: priorities.max,
  options: noOptions,
  limits: undefined,
  fallbacks: [],
};

/** Compiles rules. */
export function createTable(rules: RoutingRules, defaults: Pick<Defaults, "priority">): RoutingTable {
  const { aliases, queues, isOpen, defaultQueue } = rules;
  const routesFor = remembered(rememberedMax, (name: string) =>
    rules.routes.filter(({ tasks }) => tasks.length === 0 || tasks.some((glob) => glob.matches(name))),
  );
  const bindingsFor = remembered(rememberedMax, (key: string) =>
    rules.bindings.filter((binding) => binding.key.matches(key)),
  );
  const rulesOf = (queue: QueueName): QueueRules => queues.get(queue) ?? undeclaredQueue;
  const isUnknown = (queue: QueueName): boolean => !isOpen && !queues.has(queue);

  function findRoute(task: RoutedTask, asked: QueueName | undefined): RouteRule | undefined {
    return routesFor(task.name).find(
      ({ headers, fromQueue }) =>
        (fromQueue === undefined || fromQueue === asked) && hasAll(task.headers, headers),
    );
  }

  function boundQueue(task: RoutedTask, { note }: Surroundings): QueueName {
    const { routingKey = "" } = task;
    const fitting = bindingsFor(routingKey).filter(({ headers }) => hasAll(task.headers, headers));
    const chosen = chooseBinding(fitting, task.id);
    if (chosen === undefined) {
      note?.(`no queue is bound to the routing key ${routingKey}: the default queue is ${defaultQueue}`);
      return defaultQueue;
    }
    const others =
      fitting.length > 1 ? `, chosen by weight and task id among ${fitting.length} bindings` : "";
    note?.(
      `queue ${chosen.queue} is bound to ${chosen.key.pattern}, which fits the routing key ${routingKey}${others}`,
    );
    return chosen.queue;
  }

  /** No queue, and so no range. */
  const broadcast = (
    task: RoutedTask,
    route: RouteRule,
    target: RouteTarget,
    around: Surroundings,
  ): Routed => ({
    kind: "routed",
    target,
    priority: wantedPriority(task, route, undeclaredQueue) ?? around.priorityOtherwise ?? defaults.priority,
    policy: route.options.policy,
  });

  return {
    resolve(task, around) {
      const asked = askedQueue(task, rules, around);
      const route = findRoute(task, asked);
      if (route) around.note?.(`${route.label} fits: ${sayTarget(route.target)}`);
      else if (asked !== undefined && isUnknown(asked)) return { kind: "undeclared", queue: asked };
      if (route?.target.kind === "broadcast") return broadcast(task, route, route.target, around);
      const wantedQueue = route?.target.queue ?? asked ?? boundQueue(task, around);
      const queue = servedQueue(wantedQueue, rulesOf(wantedQueue), around);
      const queueRules = rulesOf(queue);
      const wanted = wantedPriority(task, route, queueRules) ?? around.priorityOtherwise ?? defaults.priority;
      const priority = Math.min(Math.max(wanted, queueRules.priorityMin), queueRules.priorityMax);
      if (priority !== wanted)
        around.note?.(`priority ${wanted} becomes ${priority}, which the queue allows`);
      return {
        kind: "routed",
        target: { kind: "queue", queue },
        priority,
        policy: policyOf(route, queueRules),
      };
    },
    usesOf: (queue) => usesIn(rules, queue),
    queueLimits: new Map([...queues].flatMap(([queue, { limits }]) => (limits ? [[queue, limits]] : []))),
    channelTerms: (channel) => rules.channels.get(channel) ?? (rules.areChannelsOpen ? unsaid : undefined),
    subscribe(wanted) {
      const named = wanted.map((queue) => aliases.get(queue) ?? queue);
      const queue = named.find(isUnknown);
      return queue === undefined
        ? { kind: "queues", queues: [...new Set(named)] }
        : { kind: "undeclared", queue };
    },
  };
}

/** The queue itself, or a fallback where nobody takes from it. */
function servedQueue(
  queue: QueueName,
  { fallbacks }: QueueRules,
  { isServed, note }: Surroundings,
): QueueName {
  if (fallbacks.length === 0 || isServed(queue)) return queue;
  const standIn = fallbacks.find(isServed);
  if (standIn === undefined)
    note?.(`nobody takes from queue ${queue} nor from its fallbacks: it stays there`);
  else note?.(`nobody takes from queue ${queue}: its fallback ${standIn} is taken from`);
  return standIn ?? queue;
}

/** The queue that a task asks for, by its own name; undefined where a routing key is to find one. */
function askedQueue(
  { queue, routingKey }: RoutedTask,
  { aliases, defaultQueue }: RoutingRules,
  { note }: Surroundings,
): QueueName | undefined {
  if (queue === undefined) {
    if (routingKey !== undefined) return undefined;
    note?.(`it names no queue: the default queue is ${defaultQueue}`);
    return defaultQueue;
  }
  const meant = aliases.get(queue);
  note?.(
    meant === undefined
      ? `it asks for queue ${queue}`
      : `it asks for ${queue}, another name for queue ${meant}`,
  );
  return meant ?? queue;
}

const unsaid: ChannelTerms = { expiresMs: undefined, delivery: undefined };

const sayTarget = (target: RouteTarget): string =>
  target.kind === "queue" ? `queue ${target.queue}` : `broadcast channel ${target.channel}`;

const wantedPriority = (
  task: RoutedTask,
  route: RouteRule | undefined,
  queue: QueueRules,
): number | undefined =>
  route?.priorityOverride ?? task.priority ?? route?.options.priority ?? queue.options.priority;

function policyOf(route: RouteRule | undefined, queue: QueueRules): RouteDecision["policy"] {
  return route === undefined ? queue.options.policy : { ...queue.options.policy, ...route.options.policy };
}

/** A hostile key must not find what every object has. */
const hasAll = (headers: Readonly<Record<string, string>>, wanted: HeaderMatch): boolean =>
  wanted.every(([key, value]) => Object.hasOwn(headers, key) && headers[key] === value);

/** Each binding has as many tickets as it weighs, and the task's id draws one: the same one every time. */
function chooseBinding(fitting: readonly Binding[], id: string): Binding | undefined {
  if (fitting.length < 2) return fitting[0];
  let ticket = digest48(Buffer.from(id)) % fitting.reduce((sum, { weight }) => sum + weight, 0);
  return fitting.find(({ weight }) => {
    ticket -= weight;
    return ticket < 0;
  });
}
