/**
 * Page tokens: where to read on, signed together with the question that was asked. A token of another question, another namespace or
 * another server is refused, so that no caller can make the store start at a place of his own choosing.
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid } from "../../model/problem.ts";

/** Signs and reads page tokens. */
export interface PageTokens {
  /** A token for the page after `cursor`; an empty one at the end, when there is no cursor. */
  sign(question: PageQuestion, cursor: string | undefined): string;
  /** The cursor of a token; undefined for an empty one. FIELD_INVALID unless it was signed for this question. */
  read(question: PageQuestion, token: string): string | undefined;
}

/** What a token belongs to: a request without its page size and page token, which may differ from page to page. */
export type PageQuestion = { readonly schema: DescMessage; readonly request: Message };

/** The page size that a request means: 0 is the default, and more than the limit is the limit. */
export const pageSizeOf = (asked: number, limits: Limits): number =>
  asked === 0 ? limits.pageSizeDefault : Math.min(asked, limits.pageSizeMax);

const macBytes = 16;

/** Makes page tokens under a secret key of at least 16 bytes. */
export function createPageTokens(key: Uint8Array): PageTokens {
  const macOf = (question: PageQuestion, cursor: string): Buffer =>
    createHmac("sha256", key).update(fingerprint(question)).update(cursor).digest().subarray(0, macBytes);
  return {
    sign(question, cursor) {
      if (cursor === undefined) return "";
      return Buffer.concat([macOf(question, cursor), Buffer.from(cursor)]).toString("base64url");
    },
    read(question, token) {
      if (token === "") return undefined;
      const bytes = Buffer.from(token, "base64url");
      const cursor = bytes.subarray(macBytes).toString();
      const mac = bytes.subarray(0, macBytes);
      // Buffer ignores what is not base64url, so the text itself must be what those bytes print as.
      const isOurs =
        mac.length === macBytes &&
        bytes.toString("base64url") === token &&
        timingSafeEqual(mac, macOf(question, cursor));
      if (!isOurs)
        throw fieldInvalid("page_token", "must come from an earlier answer to the same question, unchanged");
      return cursor;
    },
  };
}

/** 32 bytes over the question; its length is fixed, so that what follows it cannot be taken for a part of it. */
const fingerprint = ({ schema, request }: PageQuestion): Buffer =>
  createHash("sha256").update(schema.typeName).update("\0").update(toBinary(schema, request)).digest();
