// A git patch with its lines coloured, file by file.

import { el } from "./dom.js";

/** @returns one folding part a file. */
export function patchFiles(text) {
  const starts = [...text.matchAll(/^diff --git /gm)].map(match => match.index);
  if (!starts.length) return [el("p", { class: "hint" }, text.trim() ? "" : "Nothing differs."), ...text.trim() ? [body(text)] : []];
  return starts.map((start, place) => file(text.slice(start, starts[place + 1])));
}

function file(text) {
  const lines = text.split("\n");
  const name = / b\/(.*?)"?$/.exec(lines[0])?.[1] ?? lines[0];
  const added = lines.filter(line => line.startsWith("+") && !line.startsWith("+++ ")).length;
  const removed = lines.filter(line => line.startsWith("-") && !line.startsWith("--- ")).length;
  const kind = ["new file", "deleted file", "rename", "GIT binary patch"].find(word => lines.slice(1, 8).some(line => line.startsWith(word)));
  return el("details", { class: "file", open: lines.length < 400 },
    el("summary", {}, el("code", {}, name), " ",
      el("span", { class: "added" }, `+${added}`), " ", el("span", { class: "removed" }, `−${removed}`),
      kind ? el("span", { class: "hint" }, ` ${kind === "GIT binary patch" ? "binary" : kind}`) : null),
    body(text));
}

const classOf = line =>
  line.startsWith("@@") ? "hunk"
    : /^(\+\+\+ |--- |diff |index |new file|deleted file|old mode|new mode|rename |copy |similarity |dissimilarity )/.test(line) ? "meta"
      : line.startsWith("+") ? "added"
        : line.startsWith("-") ? "removed" : "";

const body = text => el("pre", { class: "patch" },
  text.replace(/\n$/, "").split("\n").map(line => el("span", { class: classOf(line) || null }, line + "\n")));
