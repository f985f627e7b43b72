/** The picture of the sound: a canvas that fills as sound comes, under a slider that seeks. */

import { byId } from "./dom.js";

const canvas = byId("waveform");
const slider = byId("seek");

/**
 * Draw the take and where it is heard.
 * @param {import("./player.js").Player} player
 */
export function draw(player) {
  const { take, position } = player;
  const scale = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const bars = Math.floor(width / 4);
  // A short text does not fill the picture before its end is known.
  const shown = take.whole ? take.peaks.length : Math.max(take.peaks.length, 200);
  const heard = take.seconds ? (position / take.seconds) * take.peaks.length : 0;
  for (let bar = 0; bar < bars; bar++) {
    const [from, to] = [Math.floor((bar * shown) / bars), Math.ceil(((bar + 1) * shown) / bars)];
    if (from >= take.peaks.length) {
      context.fillStyle = style.getPropertyValue("--line");
      context.fillRect(bar * 4, height / 2 - 1, 2.5, 2);
      continue;
    }
    const loudest = Math.max(...take.peaks.slice(from, to));
    const tall = Math.max(2, Math.sqrt(loudest) * height * 0.95);
    context.fillStyle = style.getPropertyValue(from < heard ? "--accent" : "--wave");
    context.fillRect(bar * 4, (height - tall) / 2, 2.5, tall);
  }
  const seconds = (shown / 50) || 1;
  slider.max = String(seconds);
  slider.disabled = take.seconds === 0;
  if (document.activeElement !== slider || player.playing) slider.value = String(position);
  slider.setAttribute("aria-valuetext", `${position.toFixed(1)} of ${take.seconds.toFixed(1)} seconds`);
  byId("time").textContent = take.seconds ? `${position.toFixed(1)} of ${take.seconds.toFixed(1)} s` : "0.0 s";
}

/**
 * Call when the visitor chooses a place.
 * @param {(seconds: number) => void} seek
 */
export function onSeek(seek) {
  slider.addEventListener("input", () => seek(Number(slider.value)));
}
