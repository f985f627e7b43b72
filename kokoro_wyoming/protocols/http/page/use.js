/** The same elsewhere: an action of Home Assistant, a command, a program, with the voice and the text of the page. */

import { address, hasKey } from "./api.js";
import { byId } from "./dom.js";

/**
 * Write the three texts.
 * @param {import("./choice.js").Choice} choice
 * @param {string} text
 * @param {string} language
 */
export function showUse(choice, text, language) {
  const input = text.trim() || "Welcome home.";
  const options = {
    ...(choice.speed === 1 ? {} : { speed: choice.speed }),
    ...(choice.loudness === 1 ? {} : { volume_multiplier: choice.loudness }),
  };
  byId("use-home-assistant").textContent = action(choice.written, input, language);
  byId("use-curl").textContent = command({ input, voice: choice.voice, ...options });
  byId("use-python").textContent = program(input, choice.voice, options);
}

/** The server as others reach it: Home Assistant's own door is for its visitors only. */
function base() {
  const own = address(".");
  const behindHomeAssistant = own.pathname.includes("/api/hassio_ingress/");
  byId("use-hint").textContent = behindHomeAssistant
    ? "With the voice and the text above. You see this page inside Home Assistant: programs need the app's own port, 8880 by default."
    : "With the voice and the text above.";
  return behindHomeAssistant ? `http://${own.hostname}:8880` : `${own.origin}${own.pathname}`.replace(/\/$/, "");
}

function action(voice, message, language) {
  return `action: tts.speak
target:
  entity_id: tts.kokoro
data:
  media_player_entity_id: media_player.living_room
  message: ${JSON.stringify(message)}
  language: ${language}
  options:
    voice: ${JSON.stringify(voice)}
`;
}

function command(sent) {
  const body = JSON.stringify({ ...sent, response_format: "mp3" }, null, 2).replaceAll("'", "'\\''");
  const key = hasKey() ? `\n  -H "Authorization: Bearer $KOKORO_KEY" \\` : "";
  return `curl ${base()}/v1/audio/speech \\${key}
  -H 'Content-Type: application/json' \\
  -o speech.mp3 -d '${body}'
`;
}

function program(input, voice, { speed, volume_multiplier }) {
  const more = [
    ...(speed ? [`    speed=${speed},\n`] : []),
    ...(volume_multiplier ? [`    extra_body={"volume_multiplier": ${volume_multiplier}},\n`] : []),
  ];
  const key = hasKey() ? 'os.environ["KOKORO_KEY"]' : '"none"';
  return `${hasKey() ? "import os\n\n" : ""}from openai import OpenAI

client = OpenAI(base_url="${base()}/v1", api_key=${key})
with client.audio.speech.with_streaming_response.create(
    model="kokoro",
    voice=${JSON.stringify(voice)},
    input=${JSON.stringify(input)},
    response_format="mp3",
${more.join("")}) as response:
    response.stream_to_file("speech.mp3")
`;
}
