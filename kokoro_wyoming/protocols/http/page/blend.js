/** Sliders for the weights of a blend, and the field with its written form: each moves the other. */

import { byId, element } from "./dom.js";
import { parse, short } from "./choice.js";

const MOST_WITH_SLIDERS = 4;
const group = byId("blend");
const field = byId("written");
const hint = byId("written-hint");
const usualHint = [...hint.childNodes];

/**
 * @param {import("./choice.js").Choice} choice
 * @param {() => {id: string, label: string, language: string}[]} voices  that the server has
 */
export function showBlend(choice, voices) {
  field.addEventListener("input", () => {
    const own = voices().find(({ id }) => id === field.value.trim());
    try {
      if (own) choice.choose(own.id);
      else choice.change(parse(field.value));
      complain("");
    } catch (error) {
      complain(error.message);
    }
  });
  field.addEventListener("change", () => {
    if (field.getAttribute("aria-invalid") !== "true") field.value = choice.written;
  });
  byId("mix-in").addEventListener("click", () => {
    const used = new Set(choice.parts.map(({ name }) => name));
    const other = names(choice, voices()).find((name) => !used.has(name));
    if (other) choice.change({ parts: [...choice.parts, { name: other, weight: 1 }] });
    group.querySelector(".part:last-child select")?.focus();
  });
  choice.addEventListener("change", () => {
    if (document.activeElement !== field) {
      field.value = choice.written;
      complain("");
    }
    render(choice, voices());
  });
}

/** @param {string} problem */
function complain(problem) {
  field.setAttribute("aria-invalid", String(problem !== ""));
  hint.classList.toggle("error", problem !== "");
  hint.replaceChildren(...(problem ? [problem] : usualHint));
}

/** The names that can be mixed: those of the release; the language of the first voice comes first. */
function names(choice, voices) {
  const prefix = choice.release ? `${choice.release}/` : "";
  const language = voices.find(({ id }) => id === prefix + choice.parts[0]?.name)?.language;
  return voices
    .filter(({ id }) => id.startsWith(prefix) && /^\w+$/.test(id.slice(prefix.length)))
    .sort((one, other) => Number(other.language === language) - Number(one.language === language))
    .map(({ id }) => id.slice(prefix.length));
}

/** The rows, made anew only where their number changes: a slider that is moved stays the same one. */
function render(choice, voices) {
  const rows = choice.parts.length > 1 ? choice.parts : [];
  while (group.children.length > rows.length) group.lastElementChild.remove();
  while (group.children.length < rows.length) group.append(row(group.children.length, choice));
  byId("mix-in").disabled = choice.parts.length >= MOST_WITH_SLIDERS;
  const all = choice.parts.reduce((sum, { weight }) => sum + weight, 0);
  const known = names(choice, voices);
  rows.forEach(({ name, weight }, place) => {
    const [select, slider, share] = group.children[place].querySelectorAll("select, input, output");
    const listed = known.includes(name) ? known : [name, ...known];
    if (select.length !== listed.length || select.value !== name)
      select.replaceChildren(...listed.map((one) => element("option", { value: one, textContent: one })));
    select.value = name;
    if (weight > Number(slider.max)) slider.max = String(weight);
    slider.value = String(weight);
    slider.setAttribute("aria-label", `Weight of ${name}`);
    slider.setAttribute("aria-valuetext", `${short(weight)}, ${Math.round((100 * weight) / all)} percent`);
    share.textContent = `${Math.round((100 * weight) / all)} %`;
  });
}

/** @param {number} place */
function row(place, choice) {
  const part = (changed) => {
    const parts = choice.parts.map((one, at) => (at === place ? { ...one, ...changed } : one));
    choice.change({ parts });
  };
  const select = element("select", { "aria-label": `Voice ${place + 1} of the blend` });
  const slider = element("input", { type: "range", min: "0.1", max: "4", step: "0.1" });
  const remove = element("button", { type: "button", className: "quiet", textContent: "✕", "aria-label": `Take voice ${place + 1} out` });
  select.addEventListener("change", () => part({ name: select.value }));
  slider.addEventListener("input", () => part({ weight: Number(slider.value) }));
  remove.addEventListener("click", () => {
    choice.change({ parts: choice.parts.filter((_, at) => at !== place) });
    byId("mix-in").focus();
  });
  return element("div", { className: "part" }, select, slider, element("output"), remove);
}
