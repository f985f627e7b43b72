/** The words of a text as they are heard, and which part of a text a word is. */

import { byId, element } from "./dom.js";

const panel = byId("words");

/** Finds words in a text, one after the other. */
export class Aligner {
  #at = 0;
  #lost = false;
  text = "";

  /**
   * What to show for a word: what stands before it in the text, and the word as it stands there.
   * A word that is not in the text, as a number that is said in words, is shown as it was said.
   * @param {string} word
   * @returns {{before: string, shown: string, from: number, to: number} | {before: string, shown: string}}
   */
  next(word) {
    const found = word ? pattern(word).exec(this.text.slice(this.#at, this.#at + 200 + word.length)) : null;
    if (!found) {
      this.#lost = true;
      return { before: " ", shown: word };
    }
    const from = this.#at + found.index + found[1].length;
    const before = this.#lost ? " " : this.text.slice(this.#at, from);
    this.#lost = false;
    this.#at = from + word.length;
    return { before, shown: this.text.slice(from, this.#at), from, to: this.#at };
  }

  /** What stands behind the last word. */
  rest() {
    return this.#lost ? "" : this.text.slice(this.#at);
  }
}

/** A word with its borders; scripts without blanks have none. @param {string} word */
function pattern(word) {
  const escaped = word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(word)) return new RegExp(`()${escaped}`, "iu");
  return new RegExp(`(^|[^\\p{L}\\p{N}\\p{M}])${escaped}(?![\\p{L}\\p{N}\\p{M}])`, "iu");
}

let aligner = new Aligner();
/** @type {{start: number, end: number, shown: HTMLButtonElement}[]} */
let words = [];
let lit = -1;

/**
 * Begin with a text; in live use it grows by `grow`.
 * @param {string} text
 * @param {string} language
 */
export function begin(text, language) {
  aligner = new Aligner();
  aligner.text = text;
  [words, lit] = [[], -1];
  panel.replaceChildren();
  panel.scrollTop = 0;
  panel.lang = language;
}

/** @param {string} text */
export function grow(text) {
  aligner.text += text;
}

/** @param {{text: string, start: number, end: number}[]} come */
export function add(come) {
  for (const { text, start, end } of come) {
    const { before, shown } = aligner.next(text);
    const button = element("button", { type: "button", className: "word", tabIndex: words.length ? -1 : 0, textContent: shown });
    button.dataset.start = String(start);
    words.push({ start, end, shown: button });
    panel.append(before, button);
  }
}

/** All words have come: what stands behind the last one is shown, too. */
export function finish() {
  panel.append(aligner.rest());
}

/**
 * Light the word that is heard.
 * @param {number} seconds
 * @param {boolean} playing
 */
export function light(seconds, playing) {
  const now = playing ? words.findLastIndex(({ start }) => start <= seconds) : -1;
  const heard = now >= 0 && seconds < words[now].end + 0.3 ? now : -1;
  if (heard === lit) return;
  words[lit]?.shown.removeAttribute("aria-current");
  words[heard]?.shown.setAttribute("aria-current", "true");
  lit = heard;
  if (heard < 0) return;
  const { offsetTop, offsetHeight } = words[heard].shown;
  const hidden = offsetTop < panel.scrollTop || offsetTop + offsetHeight > panel.scrollTop + panel.clientHeight;
  if (hidden) panel.scrollTop = offsetTop - offsetHeight;
}

/**
 * A click on a word, or Enter, plays from there. Arrow keys move from word to word.
 * @param {(seconds: number) => void} seek
 */
export function onSeek(seek) {
  panel.addEventListener("click", ({ target }) => {
    const word = target.closest(".word");
    if (word) seek(Number(word.dataset.start));
  });
  panel.addEventListener("keydown", (event) => {
    const at = words.findIndex(({ shown }) => shown === event.target);
    const steps = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: words.length - 1 };
    const to = words[steps[event.key] ?? -1];
    if (at < 0 || !to) return;
    event.preventDefault();
    words[at].shown.tabIndex = -1;
    to.shown.tabIndex = 0;
    to.shown.focus();
  });
}
