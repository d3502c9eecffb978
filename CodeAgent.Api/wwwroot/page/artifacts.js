// What a task left: shown here where it is text, or saved.

import { explain, send } from "./api.js";
import { button, el } from "./dom.js";
import { bytes } from "./format.js";
import { patchFiles } from "./patch.js";

const longest = 1024 * 1024;
const isPatch = ({ name, contentType }) => name === "patch" || /\.(patch|diff)$/.test(name) || /^text\/x-(patch|diff)/.test(contentType);
const isText = artifact => isPatch(artifact) || /^text\/|[/+](json|xml|yaml)\b/.test(artifact.contentType);
const address = (id, { name }) => `/v1/tasks/${id}/artifacts/${encodeURIComponent(name)}`;

/** A part of the page that shows one artifact at a time. */
export function createViewer() {
  const part = el("section", { class: "card viewer", "aria-label": "Artifact", tabindex: "-1", hidden: true });
  const close = opener => {
    part.hidden = true;
    part.replaceChildren();
    opener.focus();
  };
  return {
    part,
    show(artifact, text, opener) {
      part.hidden = false;
      part.replaceChildren(
        el("div", { class: "card-head" }, el("h2", {}, artifact.name), button("Close", "quiet", () => close(opener))),
        artifact.length > longest ? el("p", { class: "hint" }, `The first ${bytes(longest)} of ${bytes(artifact.length)}. Save it to see the rest.`) : "",
        ...(isPatch(artifact) ? patchFiles(text) : [el("pre", {}, text)]));
      part.focus();
      part.scrollIntoView({ block: "nearest" });
    },
  };
}

export function artifactList(id, artifacts, viewer, problem) {
  if (!artifacts.length) return [];
  const attempt = async action => {
    problem("");
    try {
      await action();
    } catch (error) {
      problem(explain(error));
    }
  };
  const row = artifact => {
    const show = isText(artifact) && button("Show", "", () => attempt(async () => viewer.show(artifact, await read(id, artifact), show)));
    const save = button("Save", "", () => attempt(() => download(id, artifact)));
    show?.setAttribute?.("aria-label", `Show ${artifact.name}`);
    save.setAttribute("aria-label", `Save ${artifact.name}`);
    return el("li", {},
      el("span", { class: "name" }, artifact.name),
      el("span", { class: "hint" }, `${artifact.contentType}, ${bytes(artifact.length)}`),
      el("span", { class: "actions" }, show, save));
  };
  return [el("section", { class: "card" }, el("h2", {}, "Artifacts"), el("ul", { class: "artifacts" }, artifacts.map(row)))];
}

async function read(id, artifact) {
  const headers = artifact.length > longest ? { Range: `bytes=0-${longest - 1}` } : {};
  return await (await send(address(id, artifact), { headers })).text();
}

// A link cannot carry the key, so the content is fetched and handed to the browser to save.
async function download(id, artifact) {
  const content = URL.createObjectURL(await (await send(address(id, artifact))).blob());
  el("a", { href: content, download: artifact.name === "patch" ? `${id}.patch` : `${id}-${artifact.name}` }).click();
  setTimeout(() => URL.revokeObjectURL(content), 60000);
}
