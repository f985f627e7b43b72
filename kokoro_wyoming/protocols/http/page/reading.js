/** How a text is read: the phonemes of each word, corrected where they are wrong, and the lines for the settings. */

import { ask } from "./api.js";
import { byId, element, tell } from "./dom.js";
import { Aligner } from "./words.js";

const panel = byId("phonemes");
const hear = byId("hear-corrected");

/** @typedef {{text: string, phonemes: string, from?: number, to?: number}} Word */

/** Corrected phonemes by language and word; they last as long as the page. @type {Map<string, Map<string, string>>} */
const corrections = new Map();
let read = { text: "", language: "", /** @type {Word[]} */ words: [] };

/**
 * @param {() => {text: string, voice: string}} current
 * @param {(marked: string, shown: string, language: string) => void} say
 */
export function startReading(current, say) {
  byId("read").addEventListener("click", async () => {
    const { text, voice } = current();
    if (!text.trim()) return tell("Write a text first.", "error");
    try {
      const answer = await (await ask("v1/audio/phonemes", { input: text, voice })).json();
      show(text, answer.language, answer.words);
      tell("");
    } catch (error) {
      tell(error.message, "error");
    }
  });
  hear.addEventListener("click", () => say(marked(), read.text, read.language));
}

/** What was read is of another text now. */
export function forgetReading() {
  panel.replaceChildren();
  hear.disabled = true;
}

/**
 * @param {string} text
 * @param {string} language
 * @param {{text: string, phonemes: string}[]} words
 */
function show(text, language, words) {
  const aligner = new Aligner();
  aligner.text = text;
  read = { text, language, words: words.map((word) => ({ ...word, ...aligner.next(word.text) })) };
  const own = corrections.get(language) ?? new Map();
  panel.replaceChildren(...read.words.filter(({ phonemes }) => phonemes).map((word) => cell(word, own.get(word.text))));
  hear.disabled = own.size === 0;
}

/**
 * @param {Word} word
 * @param {string} [corrected]
 */
function cell(word, corrected) {
  const input = element("input", {
    type: "text",
    value: corrected ?? word.phonemes,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: false,
    size: Math.max(3, word.phonemes.length),
    maxLength: 256,
    // A number that is said in words has no place in the text that could be marked.
    readOnly: word.from === undefined,
  });
  const shown = element("label", {}, element("span", { lang: read.language, textContent: word.text }), input);
  const mark = () => shown.classList.toggle("changed", input.value !== word.phonemes);
  input.addEventListener("input", () => {
    correct(word, input.value.trim());
    mark();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !hear.disabled) hear.click();
  });
  mark();
  return shown;
}

/**
 * @param {Word} word
 * @param {string} phonemes  nothing, or what was read, takes the correction back
 */
function correct(word, phonemes) {
  const own = corrections.get(read.language) ?? new Map();
  if (phonemes && phonemes !== word.phonemes) own.set(word.text, phonemes.replaceAll("/", ""));
  else own.delete(word.text);
  corrections.set(read.language, own);
  hear.disabled = own.size === 0;
  const tables = [...corrections].filter(([, table]) => table.size > 0);
  byId("lexicon").hidden = tables.length === 0;
  const lines = tables.map(([language, table]) => {
    const entries = [...table].map(([text, said]) => `    ${JSON.stringify(text)}: ${JSON.stringify(`/${said}/`)}\n`);
    return `  ${language}:\n${entries.join("")}`;
  });
  byId("lexicon-text").textContent = `lexicon:\n${lines.join("")}`;
}

/** The text with its corrected words as `[word](/phonemes/)`. */
function marked() {
  const own = corrections.get(read.language) ?? new Map();
  let [made, at] = ["", 0];
  for (const { text, from, to } of read.words) {
    if (from === undefined || !own.has(text)) continue;
    made += `${read.text.slice(at, from)}[${read.text.slice(from, to)}](/${own.get(text)}/)`;
    at = to;
  }
  return made + read.text.slice(at);
}
