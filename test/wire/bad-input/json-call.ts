import { Code, ConnectError } from "@connectrpc/connect";
import { errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";

/** Calls a method with a JSON text that no client would write; throws what it was refused with. */
export async function jsonCall(url: string, method: string, body: string): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/stem.v1.${method}`, { method: "POST", headers, body });
  const answer = await response.bytes();
  if (response.ok) return JSON.parse(new TextDecoder().decode(answer));
  throw errorFromJsonBytes(
    answer,
    undefined,
    new ConnectError("an error that is not Connect's", Code.Unknown),
  );
}
