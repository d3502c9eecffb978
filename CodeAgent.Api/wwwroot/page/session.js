// The key of who is signed in. It lives in this tab alone: sessionStorage goes with the tab, and the address bar never keeps it.

const slot = "codeagent.key";
const changes = new EventTarget();

export const key = () => sessionStorage.getItem(slot);

export function signIn(value) {
  sessionStorage.setItem(slot, value.trim());
  changes.dispatchEvent(new Event("change"));
}

/** @param why Shown at the sign-in field. */
export function signOut(why = "") {
  sessionStorage.removeItem(slot);
  changes.dispatchEvent(new CustomEvent("change", { detail: why }));
}

export const onChange = listener => changes.addEventListener("change", event => listener(event.detail ?? ""));

/** Takes the key out of a sign-in link, `/#key=KEY`, and out of the address. Says whether there was one. */
export function takeFromAddress() {
  const value = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!value) return false;
  history.replaceState(null, "", location.pathname);
  signIn(value);
  return true;
}
