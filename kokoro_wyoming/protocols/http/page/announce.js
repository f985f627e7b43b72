/** Announcements on the speakers that the server's settings name. */

import { ask, server } from "./api.js";
import { byId, element, tell } from "./dom.js";

const ALL_FAILED = 502;

/**
 * @typedef {{name: string, status: string, reason: string | null, seconds: number, restored: boolean | null}} Outcome
 */

/** @param {() => {text: string, choice: import("./choice.js").Choice}} current */
export function startAnnouncing(current) {
  byId("announce-form").addEventListener("submit", (event) => {
    event.preventDefault();
    announce(current());
  });
  for (const event of ["key", "back"]) server.addEventListener(event, showSpeakers);
  showSpeakers();
}

/** Show what can be named, with the ticks that were there; nothing where the settings name no speaker. */
async function showSpeakers() {
  const ticked = chosen();
  let known;
  try {
    known = await (await ask("announce/speakers")).json();
  } catch {
    return; // the list of voices is not there either, and says why
  }
  const groups = known.groups.map(({ name, speakers }) => ({ name, about: speakers.join(", ") }));
  const boxes = [...known.speakers, ...groups].map(({ name, about }) => {
    const box = element("input", { type: "checkbox", name: "to", value: name, checked: ticked.includes(name) });
    return element("label", { className: "check" }, box, about ? `${name} (${about})` : name);
  });
  byId("announce-speakers").replaceChildren(...boxes);
  byId("announce-chime").checked = known.chime;
  byId("announce").hidden = boxes.length === 0;
}

/** The names that are ticked. @returns {string[]} */
const chosen = () => [...byId("announce-speakers").querySelectorAll("input:checked")].map(({ value }) => value);

/** @param {{text: string, choice: import("./choice.js").Choice}} said */
async function announce({ text, choice }) {
  const to = chosen();
  if (!text.trim()) return tell("Write a text first.", "error");
  if (!to.length) return tell("Tick a speaker first.", "error");
  const button = byId("announce-send");
  const volume = byId("announce-volume").value;
  button.disabled = true;
  byId("announce-report").replaceChildren("It is being announced.");
  try {
    const { voice, speed } = choice;
    const sent = { text, to, voice, speed, chime: byId("announce-chime").checked, ...(volume && { volume: Number(volume) }) };
    const answer = await ask("announce", sent, undefined, [ALL_FAILED]);
    tell("");
    showReport((await answer.json()).speakers);
  } catch (error) {
    byId("announce-report").replaceChildren();
    tell(error.message, "error");
  } finally {
    button.disabled = false;
  }
}

/** @param {Outcome[]} outcomes */
function showReport(outcomes) {
  const lines = outcomes.map((outcome) => {
    const good = ["played", "taken"].includes(outcome.status);
    return element("li", { className: good ? "good" : "bad" }, `${outcome.name}: ${fared(outcome)}`);
  });
  byId("announce-report").replaceChildren(element("ul", {}, ...lines));
}

/** @param {Outcome} outcome */
function fared({ status, reason, seconds, restored }) {
  if (status === "played") return `played ${seconds.toFixed(1)} s${reason ? `, but ${reason}` : ""}`;
  if (status === "taken") return "took it, and does not tell when it has played";
  return (reason ?? status) + (restored === false ? "; what it played before could not be restored" : "");
}
