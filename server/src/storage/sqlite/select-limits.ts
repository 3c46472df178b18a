/** A question for limits, from limits l and namespaces n. */
export const selectLimits = `
  SELECT n.name, l.kind, l.subject, l.concurrency, l.rate_count, l.rate_period_ms, l.rate_burst, l.updated_at, l.due_at,
    l.paused_at, l.pause_reason, l.paused_by, l.resume_at
  FROM namespaces n CROSS JOIN limits l ON l.namespace = n.id`;
