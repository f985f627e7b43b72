/** Small helpers for the document: elements, messages, copying, storage that may be refused. */

/**
 * The element with an id.
 * @param {string} id
 * @returns {any}
 */
export const byId = (id) => document.getElementById(id);

/**
 * A new element with properties, attributes (those with a hyphen, and `role`) and children.
 * @param {string} tag
 * @param {Record<string, unknown>} properties
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, String(value));
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/**
 * Tell the visitor something; screen readers say it, too.
 * @param {string} text
 * @param {"info" | "error"} kind
 */
export function tell(text, kind = "info") {
  const message = byId("message");
  message.className = kind;
  message.textContent = text;
}

/**
 * Copy a text. Pages without TLS have no clipboard, but may copy what is selected.
 * @param {HTMLElement} source
 */
export async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    tell("Copied.");
  } catch {
    getSelection()?.selectAllChildren(source);
    if (document.execCommand("copy")) tell("Copied.");
    else tell("The browser does not let this page copy. The text is selected: copy it by hand.", "error");
  }
}

/**
 * What a storage keeps; null where it is refused, as in some frames.
 * @param {"localStorage" | "sessionStorage"} storage
 * @param {string} name
 */
export function kept(storage, name) {
  try {
    return window[storage].getItem(name);
  } catch {
    return null;
  }
}

/**
 * Keep a text where the browser allows it.
 * @param {"localStorage" | "sessionStorage"} storage
 * @param {string} name
 * @param {string} value
 */
export function keep(storage, name, value) {
  try {
    window[storage].setItem(name, value);
  } catch {
    // It then lasts as long as the page.
  }
}
