// Tool calls: folded, the answer put to the call that it belongs to.

import { el } from "./dom.js";

const brief = value => value.length > 100 ? value.slice(0, 99) + "…" : value;

/** What tells one call from another at a glance. */
function gist(given) {
  if (typeof given === "string") return brief(given);
  const telling = given?.command ?? given?.path ?? given?.pattern ?? given?.question ?? given?.summary
    ?? Object.values(given ?? {}).find(value => typeof value === "string") ?? "";
  return brief(String(telling).split("\n")[0]);
}

/** Arguments with their line breaks, which JSON would hide. */
function details(given) {
  if (typeof given !== "object" || given === null) return [el("pre", {}, String(given ?? ""))];
  return Object.entries(given).map(([name, value]) => el("div", {}, el("span", { class: "hint" }, name),
    el("pre", {}, typeof value === "string" ? value : JSON.stringify(value, null, 2))));
}

export function createTools() {
  const open = new Map();

  return {
    called({ id, name, arguments: given }) {
      const state = el("span", { class: "hint" }, "…");
      const part = el("details", {}, el("summary", {}, el("b", {}, name), " ", el("code", {}, gist(given)), " ", state), details(given));
      open.set(id, { part, state });
      return part;
    },

    /** Says whether the call is known. */
    answered({ id, output, error }) {
      const call = open.get(id);
      if (!call) return false;
      open.delete(id);
      call.state.textContent = error ? "failed" : "";
      call.state.className = error ? "bad" : "hint";
      const said = typeof output === "string" ? output : output === undefined || output === null ? "" : JSON.stringify(output, null, 2);
      const reason = typeof error === "string" ? error : "";
      call.part.append(el("span", { class: "hint" }, "answer"), el("pre", { class: error ? "bad" : null }, [reason, said].filter(Boolean).join("\n") || "(nothing)"));
      return true;
    },
  };
}
