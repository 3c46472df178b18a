/** Leases so short that a run sees many of them end. The grace is long for them: a busy machine may freeze a worker for half a second. */
export const shortLeases: readonly string[] = [
  ...["--default", "leaseMs=1000", "--default", "heartbeatMs=200"],
  ...["--default", "leaseGraceMs=700", "--default", "reapIntervalMs=50"],
];
