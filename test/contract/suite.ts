import type { Limits } from "../../server/src/model/limits.ts";
import type { Subject } from "./subject.ts";

/** What a driver says of itself. */
export type Declared = {
  /** The tests that it does not have to pass, each by its sentence, and why not. */
  readonly skips: readonly { readonly test: string; readonly reason: string }[];
  /** How many random sequences of operations are tried on it, and whether it outlives its closing. */
  readonly model: { readonly runs: number; readonly canReopen: boolean };
};

/** What the files of the suite register their tests with. */
export type Suite = {
  readonly name: string;
  readonly declared: Declared;
  /** Registers a test over a store of its own. */
  case(sentence: string, run: (subject: Subject) => Promise<void>, options?: CaseOptions): void;
  /** Opens a further store. */
  open(own: Partial<Limits>): Promise<Subject>;
};

/** How a case differs from the others. */
export type CaseOptions = { readonly limits?: Partial<Limits>; readonly timeoutMs?: number };
