/**
 * The rows of the catalogue of bad input that are about what producers and operators send: names, payloads, numbers, batches, queries,
 * and the parts of the product that are still to come. A row is tested in this folder, by a test whose name begins with its number, or
 * it is owed by the part that will bring what it speaks of.
 */

/** The parts that owe rows. */
export type Debtor = "authorization" | "schedules" | "workflows" | "signing, admin and watch";

/** Every row, tested or owed, by the catalogue's sections. */
export const rowIds: Readonly<Record<string, string>> = {
  "2 Authentication and authorization": "D052 D053 D055 D056 D058 D059 D061 D062 D064 D065 D067 D068",
  "3 Names, ids, keys": "D070 D071 D073 D074 D076 D077 D079 D080 D082 D083 D085 D086 D088 D089",
  "4 Payloads and numbers":
    "D091 D092 D094 D095 D097 D098 D100 D101 D103 D104 D106 D107 D109 D110 D112 D113 D115",
  "5 Enqueue, batch, query":
    "D116 D118 D119 D121 D122 D124 D125 D127 D128 D130 D131 D133 D134 D136 D137 D139",
  "7 Queues, routing, rate limits": "D166 D167 D169 D170 D172 D173 D175",
  "8 Schedules": "D176 D178 D179 D181 D182 D184 D185 D187 D188 D190 D191 D193 D194",
  "9 Canvas": "D196 D197 D199 D200 D202 D203 D205",
  "10 Workflows": "D206 D208 D209 D211 D212 D214 D215",
  "11 Signing, encryption, admin, watch": "D217 D218 D220 D221 D223 D224",
};

/** Who owes which rows. */
export const rowsOwed: Readonly<Record<Debtor, Readonly<Record<string, string>>>> = {
  authorization: {
    D059: "a client certificate without a role",
    D061: "a method outside the caller's role",
    D062: "a namespace other than the token's",
    D064: "queues that only resemble the allowed ones",
    D065: "a worker outside its queues, or with another's lease",
    D067: "a target queue that the caller may not use",
    D068: "reserved request headers set by the caller",
  },
  schedules: {
    D193: "a target that its owner may no longer use",
  },
  workflows: {
    D206: "a workflow id that runs already",
    D208: "signals to runs that are over or unknown",
    D209: "too many or too large signals",
    D211: "steps with names or numbers that are none",
    D212: "sleeping for less than no time, or too long",
    D214: "a cancellation that contradicts itself",
    D215: "workflows that start themselves",
  },
  "signing, admin and watch": {
    D133: "an order by an unknown field",
    D137: "an update of an old revision",
    D217: "a public key as a secret",
    D218: "ciphertext that cannot be opened",
    D220: "backups outside their folder",
    D221: "reloading a configuration that is wrong",
    D223: "too many watchers, and one that does not read",
    D224: "a flood of health checks",
  },
};
