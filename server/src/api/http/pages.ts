import type { NodeRequest, NodeResponse } from "./node-call.ts";

/** What a path outside the RPCs answers. */
type Page = { readonly status: number; readonly text: string };

/** The pages: /healthz while the process lives, /readyz while it takes new work, and 404 with a word of help for all else. */
export function servePage(request: NodeRequest, response: NodeResponse, isReady: boolean): void {
  const page = pageOf(request.url?.split("?", 1)[0], isReady);
  const isRead = request.method === "GET" || request.method === "HEAD";
  const { status, text } = isRead || page.status === 404 ? page : methodNotAllowed;
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  response.end(`${text}\n`);
}

const methodNotAllowed: Page = { status: 405, text: "only GET" };

function pageOf(path: string | undefined, isReady: boolean): Page {
  switch (path) {
    case "/healthz":
      return { status: 200, text: "ok" };
    case "/readyz":
      return isReady ? { status: 200, text: "ready" } : { status: 503, text: "draining" };
    default:
      return { status: 404, text: "not found; an RPC is a POST to /package.Service/Method" };
  }
}
