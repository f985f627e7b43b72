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

/**
 * An address of the server, wherever a proxy has put the page.
 * @param {string} path
 */
export const address = (path) => new URL(path, document.baseURI);

/**
 * A GET, or a POST where there is something to send. Failure where it does not succeed.
 * @param {string} path
 * @param {object} [sent]
 * @returns {Promise<Response>}
 */
export async function ask(path, sent) {
  /** @type {Record<string, string>} */
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  if (sent) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(address(path), { method: sent ? "POST" : "GET", headers, body: sent && JSON.stringify(sent) });
  } catch {
    throw new Failure("The server does not answer. Is it running, and is this device in its network?");
  }
  if (!answer.ok) throw await failure(answer);
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

/**
 * @typedef {object} Listener
 * @property {(samples: ArrayBuffer) => void} sound  s16le, mono, 24 kHz
 * @property {(words: {text: string, start: number, end: number}[]) => void} words
 * @property {(message: {language?: string, voice?: string}) => void} [started]
 */

/**
 * Speak over a WebSocket: text goes there piece by piece, sound comes back.
 * @param {object} options  as in the message "start"
 * @param {Listener} listener
 */
export function openStream(options, listener) {
  const place = address("v1/stream");
  place.protocol = place.protocol.replace("http", "ws");
  const protocols = key ? ["kokoro", `openai-insecure-api-key.${key}`] : ["kokoro"];
  const socket = connect(place, protocols);
  socket.binaryType = "arraybuffer";
  let [opened, cancelled] = [false, false];
  const waiting = [{ type: "start", words: true, ...options }];
  /** @param {any} message */
  const send = (message) => (opened ? socket.send(JSON.stringify(message)) : waiting.push(message));

  const done = new Promise((resolve, reject) => {
    socket.onopen = () => {
      opened = true;
      waiting.forEach(send);
    };
    socket.onmessage = ({ data }) => {
      if (cancelled && typeof data !== "string") return;
      if (typeof data !== "string") return listener.sound(data);
      const message = JSON.parse(data);
      if (message.type === "started") listener.started?.(message);
      if (message.type === "words" && !cancelled) listener.words(message.words);
      if (message.type === "error") reject(new Failure(message.error?.message ?? "The server could not say this.", 500));
      if (message.type === "done" || message.type === "cancelled") resolve(message.type);
      if (["error", "done", "cancelled"].includes(message.type)) socket.close();
    };
    socket.onclose = async () => {
      if (cancelled) resolve("cancelled");
      else reject(opened ? new Failure("The connection ended in the middle of the sound.") : await refusal());
    };
  });
  done.catch(() => {}); // who asks for it is told
  return {
    done,
    /** @param {string} text */
    text: (text) => send({ type: "text", text }),
    end: () => send({ type: "end" }),
    cancel: () => {
      cancelled = true;
      if (opened && socket.readyState === WebSocket.OPEN) send({ type: "cancel" });
      setTimeout(() => socket.close(), opened ? 1000 : 0);
    },
  };
}

/**
 * @param {URL} place
 * @param {string[]} protocols
 */
function connect(place, protocols) {
  try {
    return new WebSocket(place, protocols);
  } catch {
    throw new Failure("A browser cannot send this key: only letters, digits and -._~ go with a connection.", 401);
  }
}

/** Why no WebSocket came about: a browser does not say, but an ordinary request tells. */
async function refusal() {
  try {
    await ask("v1/models");
  } catch (error) {
    return error;
  }
  return new Failure("The connection for sound was refused: the server is full, or a proxy passes no WebSockets.");
}
