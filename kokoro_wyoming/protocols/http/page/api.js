/** The server: its addresses, its key, its answers, and what went wrong in plain words. */

import { keep, kept } from "./dom.js";

let key = kept("sessionStorage", "kokoro-key") ?? "";

/** Something that the visitor can be told. `status` is that of HTTP, 0 where no answer came. */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** Dispatches "key-wanted" when the server asks for a key, and "key" when the visitor has given one. */
export const server = new EventTarget();

/** @param {string} value */
export function useKey(value) {
  key = value.trim();
  keep("sessionStorage", "kokoro-key", key);
  server.dispatchEvent(new Event("key"));
}

export const hasKey = () => key !== "";

/** What a WebSocket offers: a browser can send a key with it in no other way. */
export const subprotocols = () => ["kokoro", ...(key ? [`openai-insecure-api-key.${key}`] : [])];

/**
 * An address of the server, wherever a proxy has put the page.
 * @param {string} path
 */
export const address = (path) => new URL(path, document.baseURI);

/**
 * A GET, or a POST where there is something to send. Failure where it does not succeed.
 * @param {string} path
 * @param {object} [sent]
 * @param {AbortSignal} [signal]
 * @param {number[]} [also]  statuses whose answers are wanted too
 * @returns {Promise<Response>}
 */
export async function ask(path, sent, signal, also = []) {
  /** @type {Record<string, string>} */
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  if (sent) headers["Content-Type"] = "application/json";
  let answer;
  try {
    const body = sent && JSON.stringify(sent);
    answer = await fetch(address(path), { method: sent ? "POST" : "GET", headers, body, signal });
  } catch {
    throw new Failure("The server does not answer. Is it running, and is this device in its network?");
  }
  if (!answer.ok && !also.includes(answer.status)) throw await failure(answer);
  return answer;
}

/** @param {Response} answer */
async function failure(answer) {
  const told = (await answer.json().catch(() => null))?.error?.message ?? answer.statusText;
  const wait = answer.headers.get("Retry-After");
  if (answer.status === 401) {
    server.dispatchEvent(new Event("key-wanted"));
    return new Failure(key ? "The server does not know this key." : "The server asks for a key.", 401);
  }
  if (answer.status === 429) return new Failure(`The server is busy. Try again ${wait ? `in ${wait} s` : "soon"}.`, 429);
  if (answer.status === 503) return new Failure(`The server is not ready: ${told || "try again soon"}`, 503);
  if (answer.status === 404) return new Failure(told || "This server has no such service.", 404);
  return new Failure(told || `The server answered with ${answer.status}.`, answer.status);
}
