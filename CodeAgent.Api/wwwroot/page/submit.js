// The form for a new task.

import { call, explain } from "./api.js";
import { byId, el } from "./dom.js";

const text = id => byId(id).value.trim() || undefined;
const number = id => byId(id).value === "" ? undefined : Number(byId(id).value);
const filled = object => Object.values(object).some(value => value !== undefined) ? object : undefined;

/** @param submitted Gets the task that was accepted. */
export function setUpForm(submitted) {
  byId("task-form").addEventListener("submit", async event => {
    event.preventDefault();
    clearErrors();
    const send = event.submitter ?? byId("task-form").querySelector("[type=submit]");
    send.disabled = true;
    try {
      const task = await call("/v1/tasks", { method: "POST", body: read() });
      byId("prompt").value = "";
      submitted(task);
    } catch (error) {
      showError(error);
    } finally {
      send.disabled = false;
    }
  });
  byId("prompt").addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("task-form").requestSubmit();
  });
}

/** Offers the agents that some worker has, besides the two that every worker has. */
export function offerAgents(names) {
  const choice = byId("agent-name");
  const known = new Set([...choice.options].map(option => option.value));
  choice.append(...names.filter(name => !known.has(name)).map(name => el("option", {}, name)));
}

// JSON leaves out what is undefined, and the server fills in its defaults.
function read() {
  const checks = byId("checks").value.split("\n").map(line => line.trim()).filter(Boolean);
  return {
    prompt: byId("prompt").value,
    repository: filled({ url: text("repository-url"), ref: text("repository-ref") }),
    agent: { name: byId("agent-name").value, model: text("agent-model") },
    checks: checks.length ? checks : undefined,
    delivery: byId("delivery-push").checked ? { push: true } : undefined,
    limits: filled({
      minutes: number("limit-minutes"),
      turns: number("limit-turns"),
      tokens: number("limit-tokens"),
      costUsd: number("limit-cost"),
    }),
  };
}

function clearErrors() {
  byId("form-error").textContent = "";
  for (const message of document.querySelectorAll("#task-form .field .error")) message.remove();
  for (const input of document.querySelectorAll("#task-form [aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

/** Says what is wrong at the input that it is about; `checks[2]` and `repository` are about the whole of theirs. */
function showError(error) {
  const name = error.field?.replace(/\[\d+\]/g, "");
  const fields = [...document.querySelectorAll("#task-form [data-field]")];
  const field = name && (fields.find(one => one.dataset.field === name) ?? fields.find(one => one.dataset.field.startsWith(name + ".")));
  if (!field) {
    byId("form-error").textContent = explain(error);
    return;
  }
  const input = field.querySelector("input, textarea, select");
  const message = el("p", { class: "error", id: `${input.id}-error`, role: "alert" }, explain(error));
  field.append(message);
  field.closest("details")?.setAttribute("open", "");
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", message.id);
  input.focus();
}
