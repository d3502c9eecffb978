// The plain facts of a task: figures, outcome, checks.

import { el } from "./dom.js";
import { count, dollars, duration, plural, when } from "./format.js";
import { settings } from "./settings.js";

const short = commit => commit.slice(0, 10);

export function factList(task) {
  const { request, usage, delivery } = task;
  const end = task.finishedAt ?? Date.now();
  const rows = [
    ["Accepted", when(task.createdAt)],
    ["Took", task.finishedAt && task.startedAt ? duration(new Date(end) - new Date(task.startedAt)) : null],
    ["Repository", request.repository && `${request.repository.url}${request.repository.ref ? ` at ${request.repository.ref}` : ""}`],
    ["Agent", request.agent.model ? `${request.agent.name}, ${request.agent.model}` : request.agent.name],
    ["Pipeline", request.type && request.type !== "direct" ? request.type : null],
    ["Worker", task.worker],
    ["Sandbox", task.work?.sandbox],
    ["Attempt", task.attempt ? `${task.attempt} of ${task.maxAttempts}` : null],
    ["Turns", task.turns ? `${task.turns} of ${request.limits.turns}` : null],
    ["Tokens", usage.inputTokens || usage.outputTokens
      ? `${count(usage.inputTokens)} in (${count(usage.cachedInputTokens)} cached), ${count(usage.outputTokens)} out` : null],
    ["Cost", usage.costUsd ? dollars(usage.costUsd) : null],
    ["Branch", delivery && `${delivery.branch}${delivery.pushed ? ", pushed" : ""}`],
    ["Commit", delivery && `${short(delivery.commit)} on ${short(delivery.baseCommit)}, ${plural(delivery.filesChanged, "file")} changed`],
    ["Task", el("code", {}, task.id)],
    ["Correlation", correlation(task.correlationId)],
  ];
  return rows.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
}

function correlation(id) {
  const place = el("span", {}, el("code", {}, id));
  settings().then(({ dashboard }) => {
    if (!dashboard) return;
    const address = `${dashboard.replace(/\/$/, "")}/traces/detail/${encodeURIComponent(id)}`;
    place.append(" ", el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, "trace in the dashboard"));
  });
  return place;
}

export function outcome({ failure, summary }) {
  return [
    failure && el("div", { class: "card failure" }, el("h2", {}, "Failed: ", el("code", {}, failure.code)), el("p", { class: "text" }, failure.message)),
    summary && el("div", { class: "card" }, el("h2", {}, "Summary"), el("p", { class: "text" }, summary)),
  ].filter(Boolean);
}

/** The steps of the pipeline, each with what its agent said. */
export function stepList(steps) {
  if (!steps.length) return [];
  const head = step => [el("span", { class: `badge ${step.status}` }, step.status), " ", el("code", {}, step.name)];
  return [el("section", { class: "card steps" }, el("h2", {}, "Steps"), steps.map(step => step.summary
    ? el("details", {}, el("summary", {}, head(step)), el("p", { class: "text" }, step.summary))
    : el("p", {}, head(step))))];
}

/** What whoever reads the result should know. */
export function noteList(notes) {
  if (!notes.length) return [];
  return [el("section", { class: "card notes" }, el("h2", {}, "Notes"), el("ul", {}, notes.map(note => el("li", {}, note))))];
}

export function checkList(checks) {
  if (!checks.length) return [];
  return [el("section", { class: "card" }, el("h2", {}, "Checks"), checks.map(check =>
    el("details", {},
      el("summary", {},
        el("span", { class: `badge ${check.exitCode === 0 ? "succeeded" : "failed"}` }, check.exitCode === 0 ? "passed" : `exit code ${check.exitCode}`),
        " ", el("code", {}, check.command), " ", el("span", { class: "hint" }, duration(check.seconds * 1000))),
      el("pre", {}, check.output || "(it printed nothing)"))))];
}
