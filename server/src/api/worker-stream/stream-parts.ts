import type { Broker } from "../../broker/broker.ts";
import type { Defaults, Limits } from "../../model/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { NamespaceOf } from "../convert/namespace.ts";
import type { Encode } from "../convert/scratch.ts";
import type { SettlementReader } from "../convert/settlement.ts";
import type { Outbox } from "./outbox.ts";

/** What all streams share. */
export type StreamDeps = {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly defaults: Defaults;
  readonly namespaces: NamespaceOf;
  /** Aborts when the server drains. */
  readonly draining: AbortSignal;
  readonly readSettlement: SettlementReader;
  readonly encode: Encode;
};

/** What the halves of one stream share. */
export type StreamParts = StreamDeps & { readonly outbox: Outbox; readonly peer: string };
