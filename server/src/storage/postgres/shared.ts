import type { GateNews } from "../../ports/gate-store.ts";
import type { OthersNews } from "../../ports/others-news.ts";
import type { SharedStore } from "../../ports/shared-store.ts";
import { settleInbox, takeInbox } from "./inbox.ts";
import type { Lane } from "./lane.ts";

/** Who hears what comes by itself: of gates, of other servers, of the inbox. Nobody, until somebody is named. */
export type Hearers = {
  news: (news: GateNews) => void;
  others: (news: OthersNews) => void;
  inbox: () => void;
};

/** Makes them. */
export const createHearers = (): Hearers => ({
  news: () => undefined,
  others: () => undefined,
  inbox: () => undefined,
});

/** What the store has because it is shared. */
export const createSharedStore = (lane: Lane, hearers: Hearers): Required<SharedStore> => ({
  inbox: {
    takeInbox: (limit) => lane.call({}, (work) => takeInbox(work, limit)),
    settleInbox: (outcomes) => lane.call({}, (work) => settleInbox(work, outcomes)),
    onInbox(listener) {
      hearers.inbox = listener;
    },
  },
  onOthersNews(listener) {
    hearers.others = listener;
  },
});
