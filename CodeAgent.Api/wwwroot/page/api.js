// Calls to the Api, with the key of who is signed in.

import { key, signOut } from "./session.js";

/** A refusal of the Api: problem details by RFC 9457. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `The server answered ${status}.`);
    this.status = status;
    this.field = body.field;
    this.correlationId = body.correlationId;
  }
}

/** Sends a request and gives the answer back unread. */
export async function send(path, { method = "GET", body, headers = {}, signal } = {}) {
  const response = await fetch(path, {
    method, signal, cache: "no-store",
    headers: { Authorization: `Bearer ${key()}`, ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
    body: body && JSON.stringify(body),
  });
  if (response.ok) return response;
  const problem = new Problem(response.status, await response.json().catch(() => ({})));
  // Of two requests that are refused at once, the first ends the other, in the midst of what it says.
  signal?.throwIfAborted();
  if (response.status === 401) signOut(problem.message);
  throw problem;
}

export async function call(path, options) {
  const response = await send(path, { ...options, headers: { Accept: "application/json", ...options?.headers } });
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** What went wrong, in words for the page. */
export const explain = error => error instanceof Problem ? error.message
  : error instanceof TypeError ? "The server cannot be reached." : String(error);
