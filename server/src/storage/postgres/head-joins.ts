/** What the columns of a head (sql/task-row.ts) need beside tasks t. */

/** Where contents c are there already. */
export const sideJoins = `
  JOIN queues q ON q.id = t.queue JOIN namespaces n ON n.id = t.namespace
  LEFT JOIN ties x ON x.seq = t.seq AND t.tied`;

/** Where there is only the task. */
export const headJoins = `JOIN contents c ON c.seq = t.seq ${sideJoins}`;
