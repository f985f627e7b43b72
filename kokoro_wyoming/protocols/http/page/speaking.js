/** One utterance at a time: from the server into the player and the words. */

import { Failure } from "./api.js";
import { tell } from "./dom.js";
import { Refused, openStream, readStream } from "./stream.js";
import * as words from "./words.js";

const SILENT = "No sound comes out of the browser. Is a loudspeaker connected? The download works all the same.";

/** @typedef {ReturnType<typeof openStream>} Stream */

/** Speaks texts; a new one ends the one before. */
export class Speaker {
  /** @type {Stream | null} */
  #stream = null;
  /** The same without a WebSocket. @type {(() => Stream) | null} */
  #instead = null;
  #asked = 0;
  /** How long the last text waited for its first sound. */
  firstSoundSeconds = 0;

  /** @param {import("./player.js").Player} player */
  constructor(player) {
    this.player = player;
  }

  /**
   * Speak a text that is whole.
   * @param {string} text  as the server gets it
   * @param {{voice: string, speed?: number, volume?: number}} options  as in "start"
   * @param {string} language
   * @param {string} shown  the text without markup of ours
   */
  say(text, options, language, shown = text) {
    const stream = this.open(options, language, shown);
    stream?.text(text);
    stream?.end();
    this.#instead = () => readStream(text, options, this.#listener());
  }

  /**
   * Begin an utterance whose text is yet to come. Null where it cannot be, which the visitor is told.
   * @param {object} options
   * @param {string} language
   * @param {string} shown
   */
  open(options, language, shown = "") {
    this.cancel();
    const { player } = this;
    try {
      player.wake();
      player.begin();
      words.begin(shown, language);
      tell("");
      this.#asked = performance.now();
      this.#instead = null;
      this.#follow(openStream(options, this.#listener()));
    } catch (error) {
      player.stop();
      tell(error instanceof Failure ? error.message : `The sound could not be begun: ${error.message}`, "error");
      return null;
    }
    const { take } = player;
    setTimeout(() => player.take === take && player.playing && !player.awake && tell(SILENT, "error"), 3000);
    return this.#stream;
  }

  #listener() {
    const { player } = this;
    const { take } = player;
    return {
      sound: (bytes) => {
        if (player.take !== take) return;
        if (!player.take.seconds) this.firstSoundSeconds = (performance.now() - this.#asked) / 1000;
        player.add(bytes);
      },
      words: (come) => player.take === take && words.add(come),
    };
  }

  /** @param {Stream} stream */
  #follow(stream) {
    this.#stream = stream;
    stream.done.then(() => this.#ended(stream), (error) => this.#ended(stream, error));
  }

  /** Silence at once; the server stops its work. */
  stop() {
    this.cancel();
    this.player.stop();
  }

  /** End what is being made. What has come of it can be heard again. */
  cancel() {
    this.#stream?.cancel();
    if (this.#stream) this.player.take.whole = true;
    this.#stream = null;
  }

  /** The utterance that is being made, or null. */
  get current() {
    return this.#stream;
  }

  /**
   * @param {Stream} stream
   * @param {Error} [error]
   */
  #ended(stream, error) {
    if (stream !== this.#stream) return;
    if (error instanceof Refused && this.#instead) {
      this.#follow(this.#instead());
      this.#instead = null;
      return;
    }
    this.#stream = null;
    words.finish();
    if (error) tell(error.message, "error");
    else if (!this.player.take.seconds) tell("Nothing in this text can be said.", "error");
    this.player.finish();
  }
}
