// The line at the top: what waits, what runs, who works.

import { byId, el } from "./dom.js";
import { ago, count } from "./format.js";
import { follow } from "./stream.js";

/** Shows the system as it is and as it changes. `changed` hears of every change. */
export async function showStatus(signal, changed) {
  const line = byId("status");
  await follow("/v1/status/events", signal, {
    event: item => {
      const status = JSON.parse(item.data);
      render(status);
      changed(status);
    },
    state: live => {
      line.classList.toggle("away", !live);
      if (!live) line.title = "Not connected; trying again.";
      else line.removeAttribute("title");
    },
  });
}

function render({ tasks, workers, oldestQueuedAt }) {
  const busy = workers.reduce((sum, worker) => sum + worker.running, 0);
  const capacity = workers.reduce((sum, worker) => sum + worker.capacity, 0);
  const names = workers.map(worker => `${worker.name}: ${worker.running} of ${worker.capacity} (${worker.agents.join(", ")})`);
  const queued = tasks.queued ?? 0;
  byId("status").replaceChildren(
    el("span", { title: queued && oldestQueuedAt ? `The oldest came ${ago(oldestQueuedAt)}` : null }, el("b", {}, count(queued)), " queued"),
    el("span", {}, el("b", {}, count(tasks.running ?? 0)), " running"),
    tasks.awaiting_input ? el("span", {}, el("b", {}, count(tasks.awaiting_input)), " awaiting input") : null,
    workers.length
      ? el("span", { title: names.join("\n") }, el("b", {}, count(workers.length)), workers.length === 1 ? " worker" : " workers", `, ${busy} of ${capacity} busy`)
      : el("span", { class: "warn" }, "no workers"));
}
