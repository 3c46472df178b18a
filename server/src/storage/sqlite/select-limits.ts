import { limitColumns } from "../sql/limit-rows.ts";

/** A question for limits, from limits l and namespaces n. */
export const selectLimits = `SELECT ${limitColumns} FROM namespaces n CROSS JOIN limits l ON l.namespace = n.id`;
