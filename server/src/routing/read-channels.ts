import { type Entry, fieldsOf, mapOf, textOf, type Value, wholeNumberOf } from "../lib/document.ts";
import type { BroadcastDelivery } from "../model/broadcast.ts";
import type { ChannelTerms } from "../model/route.ts";
import { checkQueueName } from "./read-names.ts";
import type { OptionReading } from "./read-options.ts";

const deliveries: Readonly<Record<string, BroadcastDelivery>> = {
  "at-least-once": "at_least_once",
  "at-most-once": "at_most_once",
};

/** Reads every channel that is declared. */
export function readChannels(
  value: Value | undefined,
  from: OptionReading,
): ReadonlyMap<string, ChannelTerms> {
  const { limits, reading } = from;
  const entries = value === undefined ? [] : mapOf(value, reading);
  if (value && entries.length > limits.routingQueuesMax)
    reading.wrong(value, `there are more than ${limits.routingQueuesMax} channels (routingQueuesMax)`);
  return new Map(entries.map((entry) => [entry.name, readChannel(entry, from)]));
}

function readChannel({ name, at, value }: Entry, { limits, reading }: OptionReading): ChannelTerms {
  checkQueueName(name, at, limits, reading);
  const fields = fieldsOf(value, ["expires_ms", "delivery"], reading);
  const word = fields.delivery && textOf(fields.delivery, reading);
  const delivery = word === undefined || !Object.hasOwn(deliveries, word) ? undefined : deliveries[word];
  if (fields.delivery && word !== undefined && delivery === undefined)
    reading.wrong(fields.delivery, "must be at-least-once or at-most-once");
  return {
    expiresMs: wholeNumberOf(fields.expires_ms, { min: 1, max: limits.broadcastMsMax }, reading),
    delivery,
  };
}
