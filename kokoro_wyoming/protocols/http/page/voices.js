/** The list of voices: search and filter, a sample at one click, favourites kept in this browser. */

import { byId, element, keep, kept } from "./dom.js";

const list = byId("voice-list");
const filters = { search: byId("search"), language: byId("language"), sex: byId("sex"), favourites: byId("favourites") };
const names = new Intl.DisplayNames("en", { type: "language", languageDisplay: "dialect" });

/** @typedef {{id: string, name: string, label: string, language: string, gender: string | null, grade: string | null, release: string, best: boolean}} Voice */

/** @type {{voice: Voice, row: HTMLElement}[]} */
let rows = [];
/** @type {Set<string>} */
let favourites = new Set();

/** "British English", but "French": a country is named where it names a dialect. @param {string} tag */
export const languageName = (tag) => names.of(tag)?.replace(/ \(.*\)$/, "") ?? tag;

/**
 * Show the voices.
 * @param {Voice[]} voices
 * @param {{choose: (id: string) => void, sample: (voice: Voice) => void}} actions
 */
export function showVoices(voices, actions) {
  try {
    favourites = new Set(JSON.parse(kept("localStorage", "kokoro-favourites") ?? "[]"));
  } catch {
    favourites = new Set();
  }
  const languages = [...new Set(voices.map(({ language }) => language))];
  filters.language.replaceChildren(
    element("option", { value: "", textContent: "all" }),
    ...languages.map((tag) => element("option", { value: tag, textContent: languageName(tag) })),
  );
  rows = voices.map((voice) => ({ voice, row: row(voice, actions) }));
  list.replaceChildren(
    ...languages.map((tag) => {
      const own = rows.filter(({ voice }) => voice.language === tag);
      own.sort((one, other) => Number(other.voice.best) - Number(one.voice.best));
      const title = `voices-${tag}`;
      return element(
        "section",
        { "aria-labelledby": title },
        element("h4", { id: title, textContent: languageName(tag) }),
        element("ul", {}, ...own.map(({ row }) => row)),
      );
    }),
  );
  filter();
}

/**
 * Mark the voice that speaks.
 * @param {string} id
 */
export function markVoice(id) {
  for (const { voice, row } of rows) row.querySelector("input").checked = voice.id === id;
}

/** Listen to the filters. */
export function startFilters() {
  for (const control of Object.values(filters)) control.addEventListener("input", filter);
}

/**
 * @param {Voice} voice
 * @param {Parameters<typeof showVoices>[1]} actions
 */
function row(voice, actions) {
  const name = voice.label || voice.id;
  const about = [voice.gender, voice.grade && `grade ${voice.grade}`].filter(Boolean).join(" · ");
  const radio = element("input", { type: "radio", name: "voice", value: voice.id });
  radio.addEventListener("change", () => actions.choose(voice.id));
  const label = element(
    "label",
    {},
    radio,
    element("span", { className: "name" }, name),
    ...(voice.best ? [element("span", { className: "best", title: "The best voice of its language" }, "★ best")] : []),
    element("span", { className: "about" }, element("code", {}, voice.id), about && ` · ${about}`),
  );
  const sample = element("button", { type: "button", className: "quiet", textContent: "▶", title: "A sample", "aria-label": `Hear ${name}` });
  sample.addEventListener("click", () => actions.sample(voice));
  const favourite = element("button", { type: "button", className: "quiet favourite", title: "Favourite", "aria-label": `Favourite: ${name}` });
  const mark = () => {
    favourite.textContent = favourites.has(voice.id) ? "♥" : "♡";
    favourite.setAttribute("aria-pressed", String(favourites.has(voice.id)));
  };
  favourite.addEventListener("click", () => {
    if (!favourites.delete(voice.id)) favourites.add(voice.id);
    keep("localStorage", "kokoro-favourites", JSON.stringify([...favourites]));
    mark();
    filter();
  });
  mark();
  return element("li", {}, label, sample, favourite);
}

/** Hide what the filters leave out. */
function filter() {
  const wanted = filters.search.value.trim().toLowerCase();
  let shown = 0;
  for (const { voice, row } of rows) {
    const text = `${voice.id} ${voice.name} ${voice.label} ${languageName(voice.language)}`.toLowerCase();
    row.hidden = !(
      wanted.split(/\s+/).every((word) => text.includes(word)) &&
      (!filters.language.value || filters.language.value === voice.language) &&
      (!filters.sex.value || filters.sex.value === voice.gender) &&
      (!filters.favourites.checked || favourites.has(voice.id))
    );
    if (!row.hidden) shown += 1;
  }
  for (const section of list.children) section.hidden = !section.querySelector("li:not([hidden])");
  byId("voice-count").textContent = shown === rows.length ? `${shown} voices` : `${shown} of ${rows.length} voices`;
}
