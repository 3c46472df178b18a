/** What headColumns needs beside tasks t. CROSS JOIN keeps this order: a row of t leads to the others by number. */
export const contentJoins = `
  CROSS JOIN contents c ON c.seq = t.seq CROSS JOIN queues q ON q.id = t.queue CROSS JOIN namespaces n ON n.id = c.namespace`;
/** The row of a tied task, if it has one. */
export const tieJoin = "LEFT JOIN ties x ON x.seq = iif(t.tied, t.seq, NULL)";
/** Both. */
export const headJoins = `${contentJoins} ${tieJoin}`;
