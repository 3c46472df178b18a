/** What only the compiler knows of nodes. Nothing of it is there at run time. */

/** It leaves a `Result`. */
export type Leaving<Result> = { readonly "~leaves": Result };

/** It can be handed an `Input`. */
export type Taking<Input> = { readonly "~takes": (input: Input) => void };

/** Of a group: what it is made of. */
export declare const made: unique symbol;
