/** Where the server stands, read from its metrics while the page is looked at. */

import { ask, server } from "./api.js";
import { byId } from "./dom.js";

const EVERY_MS = 5000;
let wanted = true;
/** @type {Map<string, number>} */
let last = new Map();

/** Begin to look. Dispatches "back" on the server when it answers after it did not. */
export function startStatus() {
  server.addEventListener("key", () => {
    wanted = true;
    look();
  });
  document.addEventListener("visibilitychange", look);
  setInterval(look, EVERY_MS);
  look();
}

async function look() {
  if (document.hidden || !wanted) return;
  const state = byId("status-state");
  const before = state.className;
  try {
    const now = parse(await (await ask("metrics")).text());
    const ready = now.get("kokoro_ready") !== 0;
    say(state, ready ? "ready" : "not ready", ready ? "good" : "bad");
    byId("status-listeners").textContent = String(now.get("kokoro_listeners") ?? "–");
    show("status-first", recent(now, "kokoro_first_sound_seconds"), " s");
    show("status-rtf", recent(now, "kokoro_rtf"), "");
    last = now;
    if (before === "bad") server.dispatchEvent(new Event("back"));
  } catch (error) {
    wanted = error.status !== 401;
    say(state, { 0: "away", 401: "wants a key" }[error.status] ?? "not ready", "bad");
  }
}

function say(state, text, className) {
  if (state.textContent !== text) state.textContent = text;
  state.className = className;
}

/** Sums by name of a text in Prometheus' format. @param {string} text */
export function parse(text) {
  const sums = new Map();
  for (const line of text.split("\n")) {
    const found = /^(\w+)(?:\{.*\})? (\S+)/.exec(line);
    if (found) sums.set(found[1], (sums.get(found[1]) ?? 0) + Number(found[2]));
  }
  return sums;
}

/**
 * The mean of a histogram since the last look, else since the server's start; undefined where nothing new was spoken.
 * @param {Map<string, number>} now
 * @param {string} name
 */
function recent(now, name) {
  const since = (part) => (now.get(`${name}_${part}`) ?? 0) - (last.get(`${name}_${part}`) ?? 0);
  return since("count") > 0 ? since("sum") / since("count") : undefined;
}

function show(id, value, unit) {
  if (value !== undefined) byId(id).textContent = `${value.toFixed(2)}${unit}`;
}
