// The events of a task, each type in its own way.

import { el } from "./dom.js";
import { count, dollars, duration, timeOfDay } from "./format.js";
import { createTools } from "./tools.js";

const mostEntries = 3000;
const mostOutput = 100000;
const reasons = { lease_lapsed: "its worker fell silent", released: "its worker gave it back", retry: "somebody asked for another try", message: "the answer came" };

const text = content => el("p", { class: "text" }, content);
const folded = (name, ...content) => el("details", {}, el("summary", {}, name), ...content);
const json = value => el("pre", {}, JSON.stringify(value, null, 2));

// What each type shows: [kind, what], where kind is the entry's class.
const views = {
  "task.queued": () => ["note", "Accepted."],
  "task.claimed": (data, event) => ["note", `Attempt ${event.attempt}: ${data.worker} has it${data.turn ? ` and goes on after turn ${data.turn}` : ""}.`],
  "task.requeued": data => ["note warn", `Back in the queue: ${reasons[data.reason] ?? data.reason}.`],
  "task.cancel_requested": () => ["note warn", "Somebody asked to cancel it."],
  "task.message": data => ["said person", text(`${data.decision ? (data.decision === "approve" ? "Approved. " : "Denied. ") : ""}${data.text}`)],
  "task.awaiting_input": data => ["said", text(data.question)],
  "task.succeeded": () => ["note good", "Succeeded."],
  "task.failed": data => ["note bad", `Failed: ${data.message}`],
  "task.canceled": () => ["note warn", "Canceled."],
  "workspace.ready": data => ["note", `The workspace stands${data.baseCommit ? ` at ${data.baseCommit.slice(0, 10)}` : ""}, after ${duration(data.milliseconds)}${data.restoredTurn ? `, as it was after turn ${data.restoredTurn}` : ""}.`],
  "agent.message": data => ["said agent", text(data.text)],
  "agent.reasoning": data => ["", folded("Thought", text(data.text))],
  "file.changed": data => ["note", el("span", {}, `${data.kind} `, el("code", {}, data.path))],
  "usage": data => ["note faint", `${data.model ?? "model"}: ${count(data.inputTokens)} tokens in, ${count(data.outputTokens)} out${data.costUsd ? `, ${dollars(data.costUsd)}` : ""}`],
  "turn.finished": data => ["turn", `Turn ${data.turn} finished`],
  "step.started": data => ["turn", `Step ${data.place} of ${data.of}: ${data.name}`],
  "step.finished": data => [`note ${data.status === "succeeded" ? "good" : "bad"}`, `Step ${data.name} ${data.status}${data.reason ? `: ${data.reason}` : "."}${data.next ? ` On with ${data.next}.` : ""}`],
  "check.started": data => ["note", el("span", {}, "Check ", el("code", {}, data.command))],
  "check.finished": data => [`note ${data.exitCode === 0 ? "good" : "bad"}`, el("span", {},
    "Check ", el("code", {}, data.command), data.exitCode === 0 ? " passed" : ` failed with exit code ${data.exitCode}`, ` after ${duration(data.seconds * 1000)}`)],
  "delivery.finished": data => ["note good", el("span", {}, "Branch ", el("code", {}, data.branch), data.pushed ? " pushed" : " made", ` at ${data.commit.slice(0, 10)}`)],
};

/** Shows events in `list`, and the plan as it stands in `planPlace`. */
export function createTimeline(list, planPlace) {
  const tools = createTools();
  let output = null;
  let atEnd = true;
  let scheduled = false;

  list.addEventListener("scroll", () => { atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40; }, { passive: true });

  function follow() {
    if (!atEnd || scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      list.scrollTop = list.scrollHeight;
    });
  }

  function append(event, kind, content) {
    if (list.childElementCount >= mostEntries) list.firstElementChild.remove();
    list.append(el("li", { class: kind || null }, el("time", { datetime: event.at }, timeOfDay(event.at)), el("div", {}, content)));
  }

  // What a program prints comes in pieces; they are one block until something else happens.
  function print(event) {
    if (!output) append(event, "printed", output = el("pre"));
    output.append(event.data.text);
    while (output.childNodes.length > 1 && output.textContent.length > mostOutput) output.firstChild.remove();
  }

  function show(event) {
    const { type, data } = event;
    if (type === "output") return print(event);
    output = type === "file.changed" ? output : null;
    if (type === "plan") return planPlace.replaceChildren(plan(data.items));
    if (type === "tool.call") return append(event, "tool", tools.called(data));
    if (type === "tool.result" && tools.answered(data)) return;
    const [kind, content] = views[type]?.(data, event) ?? ["", folded(type, json(data))];
    append(event, kind, content);
  }

  return {
    add(event) {
      try {
        show(event);
      } catch (error) {
        // One odd event must not hide those after it.
        console.error(error);
        append(event, "", folded(event.type, json(event.data)));
      }
      follow();
    },
  };
}

const plan = items => el("section", { class: "card" }, el("h2", {}, "Plan"),
  el("ul", { class: "plan" }, items.map(item =>
    el("li", { class: item.done ? "done" : null }, el("span", { "aria-hidden": "true" }, item.done ? "✓ " : "○ "),
      item.text, item.done ? el("span", { class: "unseen" }, " (done)") : null))));
