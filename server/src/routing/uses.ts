/** Where rules name a queue. */

import type { QueueName } from "../model/ids.ts";
import type { RoutingRules } from "../model/route.ts";

/** Every place of the rules that names a queue, as a reader of their text would look for it. */
export function usesIn(rules: RoutingRules, queue: QueueName): readonly string[] {
  const { defaultQueue, aliases, queues, bindings, routes } = rules;
  return [
    ...(defaultQueue === queue ? ["default_queue"] : []),
    ...[...aliases].filter(([, meant]) => meant === queue).map(([alias]) => `aliases.${alias}`),
    ...(queues.has(queue) ? [`queues.${queue}`] : []),
    ...[...queues]
      .filter(([, { fallbacks }]) => fallbacks.includes(queue))
      .map(([name]) => `queues.${name}.fallbacks`),
    ...(bindings.some((binding) => binding.queue === queue) ? [`queues.${queue}.bindings`] : []),
    ...routes
      .filter(
        ({ target, fromQueue }) => fromQueue === queue || (target.kind === "queue" && target.queue === queue),
      )
      .map(({ label }) => label),
  ];
}
