/**
 * The number of the namespace of this name, in a statement. Not by a join: with three tables that are equal in a number the planner may
 * go by that alone, through all rows of a namespace.
 */
export const numberOf = (name: string): string => `(SELECT s.id FROM namespaces s WHERE s.name = ${name})`;
