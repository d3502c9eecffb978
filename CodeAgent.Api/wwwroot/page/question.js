// What a task waits for: a question, or something to be approved; and the way to say it.

import { call, explain } from "./api.js";
import { button, el } from "./dom.js";
import { when } from "./format.js";

/** The form for messages, which is the one for the answer while the task waits. */
export function createConversation(id, problem, answered) {
  const asked = el("div", { class: "question", role: "status" });
  const label = el("label", { for: "message" });
  const input = el("textarea", { id: "message", rows: "2" });
  const buttons = el("div", { class: "actions" });
  let open = null;

  async function say(body) {
    problem("");
    try {
      await call(`/v1/tasks/${id}/messages`, { method: "POST", body });
      input.value = "";
      await answered();
    } catch (reason) {
      problem(explain(reason));
    }
  }

  // The answer names what it answers: it must not approve what somebody else's answer has brought up meanwhile.
  const answer = more => say({ text: input.value.trim() || undefined, question: open.id, ...more });
  const send = () => input.value.trim() ? (open ? answer() : say({ text: input.value })) : undefined;

  function draw() {
    label.textContent = !open ? "Message to the agent" : open.approval ? "Why, for the agent (can be left out)" : "Answer";
    asked.replaceChildren(...!open ? [] : [
      el("h2", {}, open.approval ? "The agent waits for your approval" : "The agent asks"),
      el("p", { class: "text" }, open.text),
      open.approval && el("p", { class: "hint" }, "Asked because of the rule ", el("code", {}, open.approval.rule)),
      open.expiresAt && el("p", { class: "hint" }, `The task fails if there is no answer by ${when(open.expiresAt)}.`),
    ].filter(Boolean));
    buttons.replaceChildren(...open?.approval
      ? [button("Approve", "primary", () => answer({ decision: "approve" })), button("Deny", "danger", () => answer({ decision: "deny" }))]
      : [...(open?.choices ?? []).map(choice => button(choice, "choice", () => say({ text: choice, question: open.id }))), el("button", { type: "submit" }, "Send")]);
  }

  const form = el("form", { class: "card", onsubmit: event => { event.preventDefault(); if (!open?.approval) send(); } },
    asked, el("div", { class: "field" }, label, input), buttons);
  draw();
  return { form, ask: question => { open = question ?? null; draw(); } };
}
