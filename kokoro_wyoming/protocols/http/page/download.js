/** The sound as a file, in every format. */

import { ask } from "./api.js";
import { byId, element, tell } from "./dom.js";

const ENDINGS = { opus: "ogg" };

/** @param {() => {text: string, choice: import("./choice.js").Choice}} current */
export function startDownload(current) {
  const button = byId("download");
  button.addEventListener("click", async () => {
    const { text, choice } = current();
    if (!text.trim()) return tell("Write a text first.", "error");
    const format = byId("format").value;
    button.disabled = true;
    tell("The file is being made.");
    try {
      const { voice, speed, loudness } = choice;
      const sent = { input: text, model: "kokoro", voice, speed, volume_multiplier: loudness, response_format: format, stream: false };
      const file = await (await ask("v1/audio/speech", sent)).blob();
      save(file, `${slug(voice)}-${slug(text)}.${ENDINGS[format] ?? format}`);
      tell(`The file is made: ${(file.size / 1000).toFixed(0)} kB.`);
    } catch (error) {
      tell(error.message, "error");
    } finally {
      button.disabled = false;
    }
  });
}

/** Letters and digits of any script, with hyphens between. @param {string} text */
const slug = (text) => text.replace(/[^\p{L}\p{N}\p{M}_]+/gu, "-").slice(0, 40).replace(/^-|-$/g, "");

/**
 * @param {Blob} file
 * @param {string} name
 */
function save(file, name) {
  const link = element("a", { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
