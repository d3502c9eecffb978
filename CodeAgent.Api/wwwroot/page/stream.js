// Server-sent events over fetch: EventSource cannot send the Authorization header.

import { Problem, send } from "./api.js";

const pause = (milliseconds, signal) => new Promise(done => {
  const timer = setTimeout(done, milliseconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

/** Splits a stream of text into events: `{ id, type, data }`. */
async function* parse(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { data: [] };
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data.length) yield { ...event, data: event.data.join("\n") };
        event = { data: [] };
        continue;
      }
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "data") event.data.push(value);
      else if (name === "event") event.type = value;
      else if (name === "id") event.id = value;
    }
  }
}

/**
 * Follows a stream until `signal` says stop or the server says that there is no more (204), and connects again where it
 * breaks off, after the last event seen.
 * @param handlers `event({ id, type, data })` for each event; `state(live)` as the connection comes and goes.
 * @param last The id to begin after.
 * @returns the id of the last event.
 */
export async function follow(path, signal, { event, state = () => {} }, last) {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const response = await send(path, { headers, signal });
      if (response.status === 204) return last;
      state(true);
      for await (const item of parse(response.body)) {
        failures = 0;
        last = item.id ?? last;
        event(item);
      }
    } catch (error) {
      if (signal.aborted) break;
      // What the server refuses it will refuse again; what broke on the way is worth another try.
      if (error instanceof Problem && error.status < 500 && error.status !== 429) throw error;
      failures++;
    }
    state(false);
    await pause(Math.min(15000, 250 * 2 ** failures), signal);
  }
  return last;
}
