/** Who speaks: a voice or a blend of voices, and the pace, with the form in which it is written. */

const PART = /^\s*([\p{L}\p{N}][\p{L}\p{N}_]*)\s*(?:\(\s*(\d+\.?\d*|\.\d+)\s*\))?\s*$/u;
const WHOLE = /^\s*(?:([\w.-]+)\s*\/)?([^@]*)(?:@\s*(\d+\.?\d*|\.\d+)\s*)?$/u;
export const MOST_PARTS = 8;

/** @typedef {{name: string, weight: number}} Part */

/**
 * Read the written form. An Error says what is wrong with it.
 * @param {string} text  as `af_heart(2)+am_michael@0.95`
 * @returns {{release: string, parts: Part[], speed: number}}
 */
export function parse(text) {
  const whole = WHOLE.exec(text);
  if (!whole) throw new Error("Behind @ stands the pace, a number such as 0.95.");
  const speed = whole[3] === undefined ? 1 : Number(whole[3]);
  if (speed < 0.5 || speed > 2) throw new Error("The pace is from 0.5 to 2.");
  const parts = whole[2].split("+").map((written) => {
    const part = PART.exec(written);
    if (!part) throw new Error(`“${written.trim()}” is no voice: write a name, and its weight as in af_heart(2).`);
    const weight = part[2] === undefined ? 1 : Number(part[2]);
    if (weight < 0.001 || weight > 1000) throw new Error("A weight is from 0.001 to 1000.");
    return { name: part[1], weight };
  });
  if (parts.length > MOST_PARTS) throw new Error(`A blend has at most ${MOST_PARTS} voices.`);
  return { release: whole[1] ?? "", parts, speed };
}

/** Short, and without the noise of binary fractions. @param {number} number */
export const short = (number) => String(Number(number.toFixed(3)));

/** The one choice of the page. Dispatches "change". */
export class Choice extends EventTarget {
  release = "";
  /** @type {Part[]} */
  parts = [];
  speed = 1;
  loudness = 1;

  /** The voice without its pace, as the API takes it. */
  get voice() {
    const [only] = this.parts;
    const written = ({ name, weight }) => (weight === 1 ? name : `${name}(${short(weight)})`);
    const blend = this.parts.length === 1 ? only.name : this.parts.map(written).join("+");
    return (this.release ? `${this.release}/` : "") + blend;
  }

  /** The voice with its pace, for wherever a voice can be named. */
  get written() {
    return this.voice + (this.speed === 1 ? "" : `@${short(this.speed)}`);
  }

  /** What the API is asked for. */
  get request() {
    return { voice: this.voice, speed: this.speed, volume: this.loudness };
  }

  /** A single voice by its id, which need not follow the grammar: owners name their own. @param {string} id */
  choose(id) {
    const [release, name] = id.includes("/") ? id.split("/", 2) : ["", id];
    this.change({ release, parts: [{ name, weight: 1 }] });
  }

  /** @param {Partial<Pick<Choice, "release" | "parts" | "speed" | "loudness">>} changed */
  change(changed) {
    Object.assign(this, changed);
    this.dispatchEvent(new Event("change"));
  }
}
