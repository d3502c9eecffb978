// Where the page begins: who is signed in, and what the address says to show.

import { explain } from "./api.js";
import { byId } from "./dom.js";
import { key, onChange, signIn, signOut, takeFromAddress } from "./session.js";
import { showStatus } from "./status.js";
import { offerAgents, setUpForm } from "./submit.js";
import { showTask } from "./task.js";
import { clear, refresh, select, setUpList } from "./tasks.js";

let session = new AbortController();
let view = new AbortController();

/** Shows what the address names: `#/tasks/ID`, or else the form. */
function route(focus = true) {
  view.abort();
  view = new AbortController();
  if (!key()) return;
  const id = /^#\/tasks\/([0-9a-fA-F-]+)$/.exec(location.hash)?.[1];
  byId("new-task").hidden = Boolean(id);
  byId("task").hidden = !id;
  byId("workplace").classList.toggle("with-task", Boolean(id));
  select(id);
  if (id) {
    showTask(id, view.signal, { changed: refresh, focus });
  } else {
    document.title = "CodeAgent";
    if (focus) byId("new-title").focus();
  }
}

function begin(why = "") {
  session.abort();
  session = new AbortController();
  byId("key-error").textContent = why;
  const signedIn = Boolean(key());
  byId("sign-in").hidden = signedIn;
  byId("workplace").hidden = byId("sign-out").hidden = byId("status").hidden = !signedIn;
  route(false);
  if (!signedIn) {
    clear();
    byId("task").replaceChildren();
    byId("status").replaceChildren();
    byId("key").focus();
    return;
  }
  refresh();
  watchStatus(session.signal);
}

async function watchStatus(signal) {
  try {
    await showStatus(signal, status => {
      offerAgents([...new Set(status.workers.flatMap(worker => worker.agents))].sort());
      refresh();
    });
  } catch (error) {
    if (!signal.aborted) byId("status").textContent = explain(error);
  }
}

byId("sign-in-form").addEventListener("submit", event => {
  event.preventDefault();
  const value = byId("key").value.trim();
  byId("key").value = "";
  if (/^[\x21-\x7e]+$/.test(value)) signIn(value);
  else byId("key-error").textContent = "A key is one word of letters, digits and signs.";
});
byId("sign-out").addEventListener("click", () => signOut());
byId("skip").addEventListener("click", event => {
  event.preventDefault();
  byId(key() ? "content" : "key").focus();
});
addEventListener("hashchange", () => { if (!takeFromAddress()) route(); });

setUpList();
setUpForm(task => {
  refresh();
  location.hash = `#/tasks/${task.id}`;
});
onChange(begin);
if (!takeFromAddress()) begin();
