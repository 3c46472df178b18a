import type { FieldViolation } from "../model/problem.ts";

/** What is wrong with a number that must be whole and between two others, both included. */
export function checkWhole(
  field: string,
  value: number,
  { min, max, unit }: { readonly min: number; readonly max: number; readonly unit?: "ms" },
): FieldViolation | undefined {
  return Number.isInteger(value) && value >= min && value <= max
    ? undefined
    : { field, description: `must be a whole number from ${min} to ${max}${unit ? ` ${unit}` : ""}` };
}
