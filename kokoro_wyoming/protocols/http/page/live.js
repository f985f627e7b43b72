/** Text that is spoken while it is typed, as a language model's answer is. */

import { byId } from "./dom.js";
import * as words from "./words.js";

const field = byId("live-text");
const end = byId("live-end");
/** Up to here words are complete: behind a blank or a mark, or behind a letter of a script without blanks. */
const COMPLETE = /^[^]*[\s\p{P}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * @param {import("./speaking.js").Speaker} speaker
 * @param {() => {options: object, language: string}} current
 */
export function startLive(speaker, current) {
  /** @type {ReturnType<typeof speaker.open>} */
  let stream = null;
  let sent = "";

  /** @param {string} text  what the server gets of the field's text */
  const send = (text) => {
    if (stream && speaker.current !== stream) stream = null; // stopped, failed, or another text speaks
    if (!stream) {
      const { options, language } = current();
      stream = speaker.open(options, language);
      end.disabled = !stream;
    }
    if (!text.startsWith(sent)) sent = text; // what has gone was changed: only what follows is new
    const added = text.slice(sent.length);
    if (!stream || !added) return;
    words.grow(added);
    stream.text(added);
    sent = text;
  };
  const finish = () => {
    if (field.value.trim() && field.value !== sent) send(field.value);
    if (stream && speaker.current === stream) stream.end();
    stream = null;
    end.disabled = true;
    field.value = sent = "";
  };

  field.addEventListener("input", (event) => {
    const [complete] = COMPLETE.exec(field.value) ?? [""];
    if (!event.isComposing && complete.trim()) send(complete);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) finish();
  });
  end.addEventListener("click", () => {
    finish();
    field.focus();
  });
}
