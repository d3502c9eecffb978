// The list of tasks. Entries are kept and changed in place, so that the focus stays where it is.

import { call, explain } from "./api.js";
import { badge, byId, el } from "./dom.js";
import { ago, title } from "./format.js";
import { key } from "./session.js";

const step = 30;
const entries = new Map();
let shown = step;
let selected = null;
let running = null;
let again = false;

export function setUpList() {
  byId("filter").addEventListener("change", () => { shown = step; refresh(); });
  byId("more").addEventListener("click", () => { shown += step; refresh(); });
}

/** Reads the list anew. Calls that come while one is under way are answered by one more after it. */
export function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = load().finally(() => {
    running = null;
    if (again) {
      again = false;
      refresh();
    }
  });
  return running;
}

/** Forgets what was shown: somebody else may sign in. */
export function clear() {
  for (const { item } of entries.values()) item.remove();
  entries.clear();
}

export function select(id) {
  selected = id;
  for (const [other, entry] of entries) mark(other, entry);
}

async function load() {
  if (!key()) return;
  try {
    const tasks = [];
    let cursor = null;
    do {
      const query = new URLSearchParams({ limit: Math.min(100, shown - tasks.length) });
      if (byId("filter").value) query.set("status", byId("filter").value);
      if (cursor) query.set("cursor", cursor);
      const page = await call(`/v1/tasks?${query}`);
      tasks.push(...page.items);
      cursor = page.next;
    } while (cursor && tasks.length < shown);
    render(tasks, Boolean(cursor));
    byId("tasks-error").textContent = "";
  } catch (error) {
    byId("tasks-error").textContent = explain(error);
  }
}

function render(tasks, more) {
  const present = new Set(tasks.map(task => task.id));
  for (const [id, entry] of entries) {
    if (!present.has(id)) {
      entry.item.remove();
      entries.delete(id);
    }
  }
  const list = byId("task-list");
  tasks.forEach((task, place) => {
    let entry = entries.get(task.id);
    if (!entry) {
      entries.set(task.id, entry = create(task));
      mark(task.id, entry);
    }
    entry.state.replaceChildren(badge(task.cancelRequested && task.status === "running" ? "canceling" : task.status));
    entry.time.textContent = ago(task.createdAt);
    if (list.children[place] !== entry.item) list.insertBefore(entry.item, list.children[place] ?? null);
  });
  byId("task-empty").hidden = tasks.length > 0;
  byId("more").hidden = !more;
}

function create(task) {
  const state = el("span", {});
  const time = el("span", { class: "hint" });
  const link = el("a", { href: `#/tasks/${task.id}` },
    el("span", { class: "task-name" }, title(task.request.prompt)),
    el("span", { class: "task-line" }, state, time));
  return { item: el("li", {}, link), link, state, time };
}

function mark(id, { link }) {
  if (id === selected) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
