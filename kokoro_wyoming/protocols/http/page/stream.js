/** Text to the server and sound back: over a WebSocket, or by an ordinary request where that cannot be. */

import { Failure, address, ask, subprotocols } from "./api.js";

/** A WebSocket that did not come about, though the server answers. */
export class Refused extends Failure {}

/**
 * @typedef {object} Listener
 * @property {(samples: ArrayBuffer) => void} sound  s16le, mono, 24 kHz
 * @property {(words: {text: string, start: number, end: number}[]) => void} words
 */

/**
 * Speak over a WebSocket: text goes there piece by piece, sound comes back.
 * @param {object} options  as in the message "start"
 * @param {Listener} listener
 */
export function openStream(options, listener) {
  const place = address("v1/stream");
  place.protocol = place.protocol.replace("http", "ws");
  const socket = connect(place);
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

/** @param {URL} place */
function connect(place) {
  try {
    return new WebSocket(place, subprotocols());
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
  return new Refused("The connection for sound was refused.");
}

/**
 * Speak a whole text by an ordinary request, where a proxy lets no WebSocket through.
 * @param {string} text
 * @param {{voice: string, speed?: number, volume?: number}} options  as in the message "start"
 * @param {Listener} listener
 */
export function readStream(text, { voice, speed, volume }, listener) {
  const ending = new AbortController();
  const sent = { input: text, voice, speed, volume_multiplier: volume, response_format: "pcm" };
  const read = async () => {
    const { body } = await ask("v1/audio/speech/timestamps", sent, ending.signal);
    for await (const line of lines(body)) {
      const message = JSON.parse(line);
      if (message.words?.length) listener.words(message.words);
      if (message.audio) listener.sound(Uint8Array.from(atob(message.audio), (letter) => letter.charCodeAt(0)).buffer);
      if (message.done) return "done";
    }
    throw new Failure("The connection ended in the middle of the sound.");
  };
  return { done: read(), text: () => {}, end: () => {}, cancel: () => ending.abort() };
}

/** @param {ReadableStream<Uint8Array>} body */
async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const whole = (waiting + value).split("\n");
    waiting = whole.pop() ?? "";
    yield* whole.filter(Boolean);
  }
  if (waiting) yield waiting;
}
