import { isLoopback } from "./listen.ts";
import type { Config } from "./sections.ts";

/** What single values cannot tell: whether they fit each other. A sentence for each that does not. */
export function contradictions(config: Config): readonly string[] {
  return rules.flatMap((rule) => rule(config) ?? []);
}

type Rule = (config: Config) => string | undefined;

const rules: readonly Rule[] = [
  ({ listen, tls, tokens }) => {
    const missing = [
      ...(tls.cert === "" ? ["tls.cert and tls.key"] : []),
      ...(tokens.file === "" && tls.clientCa === "" ? ["tokens.file or tls.clientCa"] : []),
    ];
    return isLoopback(listen.host) || listen.insecure || missing.length === 0
      ? undefined
      : `listen.host: ${listen.host} can be reached by other machines, and this server ${risksOf(missing)}; set ${missing.join(", and ")}, listen on 127.0.0.1, or say --insecure if only trusted machines get there`;
  },
  ({ tls }) =>
    (tls.cert === "") === (tls.key === "")
      ? undefined
      : `tls.${tls.cert === "" ? "cert" : "key"}: is missing; a certificate and its key belong together`,
  ({ tls }) =>
    tls.clientCa === "" || tls.cert !== ""
      ? undefined
      : "tls.clientCa: clients show certificates in TLS only; set tls.cert and tls.key, too",
  ({ defaults }) =>
    defaults.heartbeatMs * 2 <= defaults.leaseMs
      ? undefined
      : `defaults.heartbeatMs: ${defaults.heartbeatMs} leaves no room for a lost heartbeat in a lease of ${defaults.leaseMs}; allowed: at most half of defaults.leaseMs`,
  ({ defaults, limits }) =>
    within(defaults.leaseMs, limits.leaseMsMin, limits.leaseMsMax)
      ? undefined
      : `defaults.leaseMs: ${defaults.leaseMs} is not between limits.leaseMsMin (${limits.leaseMsMin}) and limits.leaseMsMax (${limits.leaseMsMax})`,
  ({ defaults }) =>
    atMost("defaults.retryBaseMs", defaults.retryBaseMs, "defaults.retryMaxMs", defaults.retryMaxMs),
  ({ defaults, limits }) =>
    atMost("defaults.retentionMs", defaults.retentionMs, "limits.retentionMsMax", limits.retentionMsMax),
  ({ defaults, limits }) =>
    atMost(
      "defaults.deadLetterRetentionMs",
      defaults.deadLetterRetentionMs,
      "limits.retentionMsMax",
      limits.retentionMsMax,
    ),
  ({ defaults, limits }) =>
    atMost("defaults.maxAttempts", defaults.maxAttempts, "limits.attemptsMax", limits.attemptsMax),
  ({ defaults, limits }) =>
    atMost("defaults.maxDeliveries", defaults.maxDeliveries, "limits.deliveriesMax", limits.deliveriesMax),
  ({ limits }) =>
    atMost(
      "limits.revocationMsDefault",
      limits.revocationMsDefault,
      "limits.revocationMsMax",
      limits.revocationMsMax,
    ),
  ({ limits }) => atMost("limits.leaseMsMin", limits.leaseMsMin, "limits.leaseMsMax", limits.leaseMsMax),
  ({ limits }) =>
    atMost("limits.pageSizeDefault", limits.pageSizeDefault, "limits.pageSizeMax", limits.pageSizeMax),
  ({ limits }) =>
    atMost("limits.frameBytesMax", limits.frameBytesMax, "limits.messageBytesMax", limits.messageBytesMax),
  ({ limits }) =>
    atMost("limits.payloadBytesMax", limits.payloadBytesMax, "limits.frameBytesMax", limits.frameBytesMax),
  ({ limits }) =>
    atMost(
      "limits.outputEntryBytesMax",
      limits.outputEntryBytesMax,
      "limits.frameBytesMax",
      limits.frameBytesMax,
    ),
  ({ limits }) =>
    atMost(
      "limits.queueEventBytesMax",
      limits.queueEventBytesMax,
      "limits.frameBytesMax",
      limits.frameBytesMax,
    ),
  ({ limits }) =>
    atMost("limits.resultBytesMax", limits.resultBytesMax, "limits.frameBytesMax", limits.frameBytesMax),
];

const risksOf = (missing: readonly string[]): string =>
  missing
    .map((each) => (each.startsWith("tls.cert") ? "encrypts nothing" : "asks nobody who they are"))
    .join(" and ");

const within = (value: number, min: number, max: number): boolean => value >= min && value <= max;

function atMost(key: string, value: number, maxKey: string, max: number): string | undefined {
  return value <= max ? undefined : `${key}: ${value} is more than ${maxKey} (${max})`;
}
