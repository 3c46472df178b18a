/** The numbers among the values, in order and each once. */
export const numbersOf = (values: readonly (number | string)[]): number[] =>
  [...new Set(values.filter((value) => typeof value === "number"))].sort((a, b) => a - b);

/** The numbers as bits. */
export const bitsOf = (numbers: readonly number[]): number =>
  numbers.reduce((bits, number) => bits | (1 << number), 0);
