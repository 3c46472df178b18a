/** Calls a method with JSON over HTTP/1.1, as curl does; throws with the answer when it is an error. */
export async function callJson<Answer>(url: string, method: string, request: object): Promise<Answer> {
  const response = await fetch(`${url}/stem.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} answered ${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}
