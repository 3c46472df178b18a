const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The grpc-timeout header in milliseconds; undefined when it is not 1 to 8 digits and a unit, as the gRPC protocol wants it. */
export function timeoutHeaderMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const ms = unitMs[unit ?? ""];
  return digits === undefined || ms === undefined ? undefined : Number(digits) * ms;
}
