/**
 * Beat: when schedules are due. It turns a spec into slots, the instants that it means, and says what is wrong with one that
 * means none. It neither keeps schedules nor fires them. The rules stand in docs/beat.md, those of clocks that change in
 * docs/decisions/0043; what becomes of slots that went by is decided in model/catch-up.ts, and of those that overlap in
 * model/overlap.ts.
 */

export { checkCatchUp } from "./check-catch-up.ts";
export { checkSpec } from "./check-spec.ts";
export { compile, firstSlot, nextAfter } from "./compile.ts";
export { occurrences, type Range } from "./occurrences.ts";
