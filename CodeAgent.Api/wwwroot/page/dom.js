// Builds elements. Strings become text, never markup: nothing that a task says can act on this page.

export const byId = id => document.getElementById(id);

/** An element with attributes (`class`, `href`, …), listeners (functions under `onclick`, …) and children. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== undefined && value !== null) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter(child => child !== undefined && child !== null && child !== false));
  return element;
}

/** A button with what it does. While it does it, it cannot be pressed again. */
export function button(text, kind, action) {
  return el("button", {
    type: "button", class: kind, onclick: async event => {
      const pressed = event.currentTarget;
      pressed.disabled = true;
      try {
        await action();
      } finally {
        pressed.disabled = false;
      }
    },
  }, text);
}

/** The state of a task as a coloured word. */
export const badge = status => el("span", { class: `badge ${status}` }, status.replace("_", " "));
