/** The page: joins the parts. Nothing that is said leaves this tab but to the server, which keeps none of it. */

import { startAnnouncing } from "./announce.js";
import { ask, server, useKey } from "./api.js";
import { showBlend } from "./blend.js";
import { Choice, short } from "./choice.js";
import { byId, copy, element, tell } from "./dom.js";
import { startDownload } from "./download.js";
import { startLive } from "./live.js";
import { Player } from "./player.js";
import { PRESETS, TOPICS } from "./presets.js";
import { forgetReading, startReading } from "./reading.js";
import { Speaker } from "./speaking.js";
import { startStatus } from "./status.js";
import { showUse } from "./use.js";
import { languageName, markVoice, showVoices, startFilters } from "./voices.js";
import * as waveform from "./waveform.js";
import * as words from "./words.js";

const choice = new Choice();
const player = new Player();
const speaker = new Speaker(player);
const text = byId("text");
const exampleLanguage = byId("example-language");
/** @type {import("./voices.js").Voice[]} */
let voices = [];
/** @type {Record<string, Record<string, string[]>>} The sample texts of each release, by language. */
let texts = {};
let drawing = 0;

/** The language of the voice, or of the first one of a blend. */
function language() {
  const first = (choice.release ? `${choice.release}/` : "") + choice.parts[0]?.name;
  return voices.find(({ id }) => id === first)?.language ?? "en-US";
}

function speak() {
  if (!text.value.trim()) {
    tell("Write a text first.", "error");
    text.focus();
  } else if (ready()) speaker.say(text.value, choice.request, language());
}

/** Whether there is a voice; else the visitor is told. */
function ready() {
  if (!choice.parts.length) tell("There are no voices yet: the server has not answered.", "error");
  return choice.parts.length > 0;
}

/** Draw until nothing sounds and nothing comes. */
function draw() {
  cancelAnimationFrame(drawing);
  player.measure();
  waveform.draw(player);
  words.light(player.position, player.playing);
  const { scheduledSeconds, peak, gaps } = player.numbers;
  Object.assign(byId("sound").dataset, { scheduled: scheduledSeconds, peak, gaps });
  byId("stop").disabled = !player.playing && !speaker.current;
  byId("again").disabled = player.take.seconds === 0;
  const waiting = speaker.current ? "waiting for the first sound" : "";
  const about = player.take.seconds ? `first sound after ${speaker.firstSoundSeconds.toFixed(2)} s` : waiting;
  if (byId("about").textContent !== about) byId("about").textContent = about;
  if (player.playing || speaker.current) drawing = requestAnimationFrame(draw);
}

function showExamples() {
  const tag = exampleLanguage.value;
  const chips = examples(tag).map((example, place) => {
    const name = PRESETS[tag] ? TOPICS[place] : `Example ${place + 1}`;
    const chip = element("button", { type: "button", textContent: name, title: example });
    chip.addEventListener("click", () => {
      if (language() !== tag) choose(best(tag) ?? choice.voice);
      text.value = example;
      text.dispatchEvent(new Event("input"));
    });
    return chip;
  });
  byId("examples").replaceChildren(...chips);
}

/** Ours, or those of the release that speaks a language. @param {string} tag */
function examples(tag) {
  const release = voices.find((voice) => voice.id === best(tag))?.release ?? "";
  return PRESETS[tag]?.texts ?? texts[release]?.[tag] ?? [];
}

/** @param {import("./voices.js").Voice} voice */
const sampleOf = ({ language, release, label }) =>
  PRESETS[language]?.sample ?? texts[release]?.[language]?.[0] ?? label;

/** @param {string} tag */
function best(tag) {
  const own = voices.filter((voice) => voice.language === tag);
  return (own.find((voice) => voice.best) ?? own[0])?.id;
}

/** @param {string} id */
function choose(id) {
  choice.choose(id);
  exampleLanguage.value = language();
  showExamples();
}

async function loadVoices() {
  try {
    voices = (await (await ask("v1/audio/voices")).json()).voices;
    const models = (await (await ask("v1/models")).json()).data;
    texts = Object.fromEntries(models.map((model) => [model.release, model.texts]));
  } catch (error) {
    return tell(error.message, "error");
  }
  tell("");
  const spoken = new Set([...Object.keys(PRESETS), ...voices.map((voice) => voice.language)]);
  const tags = [...spoken].filter((tag) => examples(tag).length && best(tag));
  const [primary] = navigator.language.split("-");
  const near = tags.find((tag) => tag === navigator.language) ?? tags.find((tag) => tag.startsWith(`${primary}-`)) ?? "en-US";
  voices.sort((one, other) => Number(other.language === near) - Number(one.language === near));
  showVoices(voices, {
    choose,
    sample: (voice) => speaker.say(sampleOf(voice), { voice: voice.id, volume: choice.loudness }, voice.language),
  });
  exampleLanguage.replaceChildren(
    ...tags.map((tag) => element("option", { value: tag, textContent: languageName(tag) })),
  );
  const first = best(near) ?? voices[0]?.id;
  if (!first) tell("The server has no voices yet: it may still be fetching them.", "error");
  else if (!choice.parts.length) choose(first);
  if (!text.value && tags.length) text.value = examples(exampleLanguage.value)[0] ?? "";
  changed();
}

/** The choice or the text has changed. */
function changed() {
  if (!choice.parts.length) return;
  const tag = language();
  if (text.lang !== tag) forgetReading();
  text.lang = byId("live-text").lang = tag;
  markVoice(choice.voice);
  for (const name of ["speed", "loudness"]) if (document.activeElement !== byId(name)) byId(name).value = choice[name];
  byId("speed-value").textContent = `${short(choice.speed)}×`;
  byId("loudness-value").textContent = `${short(choice.loudness)}×`;
  showUse(choice, text.value, tag);
}

choice.addEventListener("change", changed);
showBlend(choice, () => voices);
startFilters();
for (const name of ["speed", "loudness"])
  byId(name).addEventListener("input", ({ target }) => choice.change({ [name]: Number(target.value) }));
exampleLanguage.addEventListener("change", showExamples);
text.addEventListener("input", () => {
  forgetReading();
  changed();
});

byId("play").addEventListener("click", speak);
byId("stop").addEventListener("click", () => speaker.stop());
byId("again").addEventListener("click", () => player.seek(0));
player.addEventListener("state", draw);
waveform.onSeek((seconds) => player.seek(seconds));
words.onSeek((seconds) => player.seek(seconds));
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
addEventListener("keydown", (event) => {
  if (event.key === "Escape") speaker.stop();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) speak();
});

startDownload(() => ({ text: text.value, choice }));
startReading(
  () => ({ text: text.value, voice: choice.voice }),
  (marked, shown, tag) => speaker.say(marked, choice.request, tag, shown),
);
startLive(speaker, () => ({ options: choice.request, language: language() }));
startAnnouncing(() => ({ text: text.value, choice }));
for (const button of document.querySelectorAll("[data-copies]"))
  button.addEventListener("click", () => copy(byId(/** @type {HTMLElement} */ (button).dataset.copies ?? "")));

server.addEventListener("key-wanted", () => (byId("key-form").hidden = false));
server.addEventListener("key", loadVoices);
server.addEventListener("back", () => voices.length || loadVoices());
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("key-form").hidden = true;
  useKey(byId("key").value);
  text.focus();
});

loadVoices();
startStatus();
draw();
