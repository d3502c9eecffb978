// One task: what it is, how it goes, and what can be done about it.

import { artifactList, createViewer } from "./artifacts.js";
import { call, explain } from "./api.js";
import { badge, button, byId, el } from "./dom.js";
import { title } from "./format.js";
import { checkList, factList, noteList, outcome, stepList } from "./facts.js";
import { createConversation } from "./question.js";
import { follow } from "./stream.js";
import { createTimeline } from "./timeline.js";

const final = status => ["succeeded", "failed", "canceled"].includes(status);
const changing = /^(task\.|turn\.|step\.|check\.finished|delivery\.|usage|workspace\.)/;

export async function showTask(id, signal, { changed, focus }) {
  const place = byId("task");
  place.replaceChildren(el("p", { class: "hint" }, "Loading…"));
  try {
    const task = await call(`/v1/tasks/${id}`, { signal });
    const page = createPage(id, changed);
    place.replaceChildren(...page.parts);
    page.update(task);
    document.title = `${title(task.request.prompt)} – CodeAgent`;
    if (focus) page.heading.focus();
    await watch(id, signal, page);
  } catch (error) {
    if (!signal.aborted) place.append(el("p", { class: "error", role: "alert" }, explain(error)));
  }
}

/** Follows the events, and asks for the task again when one says that it has changed; once at a time. */
async function watch(id, signal, page) {
  let asking = null;
  let stale = false;
  const reload = () => {
    stale = true;
    return asking ??= (async () => {
      while (stale && !signal.aborted) {
        stale = false;
        page.update(await call(`/v1/tasks/${id}`, { signal }));
      }
    })().catch(error => { if (!signal.aborted) page.say(explain(error)); }).finally(() => { asking = null; });
  };
  page.onReload(reload);
  const handlers = {
    event: item => {
      const event = JSON.parse(item.data);
      page.timeline.add(event);
      if (changing.test(event.type)) reload();
    },
    state: live => page.connection(live ? "live" : "connecting…"),
  };
  let last;
  while (!signal.aborted) {
    last = await follow(`/v1/tasks/${id}/events`, signal, handlers, last);
    page.connection("all of them");
    await page.revived();
  }
}

function createPage(id, changed) {
  const heading = el("h1", { id: "task-title", tabindex: "-1" });
  const state = el("span", { role: "status" });
  const actions = el("div", { class: "actions" });
  const error = el("p", { class: "error", role: "alert" });
  const result = el("div");
  const prompt = el("pre", { class: "prompt" });
  const facts = el("dl", { class: "facts" });
  const steps = el("div");
  const notes = el("div");
  const checks = el("div");
  const artifacts = el("div");
  const viewer = createViewer();
  const plan = el("div");
  const events = el("ol", { class: "timeline", tabindex: "0", "aria-label": "Events, oldest first" });
  const connection = el("span", { class: "hint", role: "status" });
  const timeline = createTimeline(events, plan);
  const message = createConversation(id, problem, () => reload());
  const seen = {};
  let reload = () => {};
  let over = false;
  let revived = Promise.withResolvers();

  function problem(text) {
    error.textContent = text;
  }

  // Parts are drawn again only where what they show has changed: what is open stays open, the focus stays where it is.
  function draw(name, value, render) {
    const json = JSON.stringify(value);
    if (seen[name] !== json) render(value);
    seen[name] = json;
  }

  async function act(verb) {
    problem("");
    try {
      await call(`/v1/tasks/${id}/${verb}`, { method: "POST" });
      changed();
      await reload();
    } catch (reason) {
      problem(explain(reason));
    }
  }

  function update(task) {
    if (over && !final(task.status)) revived.resolve();
    over = final(task.status);
    heading.textContent = title(task.request.prompt);
    prompt.textContent = task.request.prompt;
    draw("state", [task.status, task.cancelRequested], ([status, canceling]) => {
      state.replaceChildren(badge(canceling && !final(status) ? "canceling" : status));
      const waiting = !final(status);
      actions.replaceChildren(...[
        waiting && !canceling ? button("Cancel", "danger", () => act("cancel")) : null,
        status === "failed" || status === "canceled" ? button("Retry", "primary", () => act("retry")) : null,
      ].filter(Boolean));
      // A script reads no messages.
      message.form.hidden = !waiting || canceling || (task.request.agent.name === "command" && task.request.type === "direct");
      changed();
    });
    draw("question", task.question ?? null, question => message.ask(question));
    draw("steps", task.work?.steps ?? [], list => steps.replaceChildren(...stepList(list)));
    draw("notes", task.work?.notes ?? [], list => notes.replaceChildren(...noteList(list)));
    draw("result", [task.failure, task.summary], () => result.replaceChildren(...outcome(task)));
    draw("facts", { ...task, lastEvent: 0, updatedAt: 0 }, () => facts.replaceChildren(...factList(task)));
    draw("checks", task.checks, () => checks.replaceChildren(...checkList(task.checks)));
    draw("artifacts", task.artifacts, () => artifacts.replaceChildren(...artifactList(id, task.artifacts, viewer, problem)));
  }

  return {
    heading, timeline, update,
    say: problem,
    onReload: action => { reload = action; },
    connection: text => { connection.textContent = text; },
    /** Waits until a task that had ended goes on: somebody retries it. */
    async revived() {
      await revived.promise;
      revived = Promise.withResolvers();
    },
    parts: [
      el("p", { class: "back" }, el("a", { href: "#/" }, "← New task")),
      el("div", { class: "task-head" }, el("div", {}, heading, state), actions),
      error, message.form, result, steps, notes,
      el("details", { class: "card" }, el("summary", {}, "Prompt"), prompt),
      el("div", { class: "card" }, facts),
      checks, artifacts, viewer.part, plan,
      el("section", { class: "card", "aria-labelledby": "events-title" },
        el("div", { class: "card-head" }, el("h2", { id: "events-title" }, "Events"), connection), events),
    ],
  };
}
