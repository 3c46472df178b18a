import type { Inbox } from "./inbox.ts";
import type { OthersNews } from "./others-news.ts";

/** What a store has beside all others where it is shared: with other servers, and with the programs of its users. */
export interface SharedStore {
  /** Tasks that users enqueue in their own transactions; only where a store is theirs, too. */
  readonly inbox?: Inbox;
  /** Names the one who hears of what other servers did. Only where several may share a store. */
  onOthersNews?(listener: (news: OthersNews) => void): void;
}
