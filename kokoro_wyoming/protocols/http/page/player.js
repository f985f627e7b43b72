/** Sound through Web Audio while it arrives: without gaps, with seeking, and again without asking the server. */

import { Failure } from "./api.js";

const RATE = 24000;
const LEAD_SECONDS = 0.1;
const IS_FIREFOX = navigator.userAgent.includes("Gecko/");

/** The sound of one utterance as far as it has come, its words, and its peaks for the picture. */
export class Take {
  /** @type {{at: number, samples: Float32Array}[]} */
  pieces = [];
  /** @type {{text: string, start: number, end: number}[]} */
  words = [];
  seconds = 0;
  whole = false;
  /** @type {number[]} The loudest sample of each 20 ms. */
  peaks = [];
  #odd = new Uint8Array(0);
  #inPeak = 0;

  /**
   * Add sound; a sample may be cut by the border of two messages.
   * @param {ArrayBuffer} bytes
   */
  add(bytes) {
    const all = new Uint8Array(this.#odd.length + bytes.byteLength);
    all.set(this.#odd);
    all.set(new Uint8Array(bytes), this.#odd.length);
    const count = all.length >> 1;
    this.#odd = all.slice(count * 2);
    const view = new DataView(all.buffer);
    const samples = Float32Array.from({ length: count }, (_, place) => view.getInt16(place * 2, true) / 32768);
    const piece = { at: this.seconds, samples };
    if (count) this.pieces.push(piece);
    this.seconds += count / RATE;
    for (const sample of samples) {
      if (this.#inPeak === 0) this.peaks.push(0);
      this.peaks[this.peaks.length - 1] = Math.max(this.peaks[this.peaks.length - 1], Math.abs(sample));
      this.#inPeak = (this.#inPeak + 1) % (RATE / 50);
    }
    return piece;
  }
}

/** Plays one take at a time. Dispatches "state" when it begins or ends to sound. */
export class Player extends EventTarget {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AnalyserNode | null} */
  #meter = null;
  /** @type {Set<AudioBufferSourceNode>} */
  #nodes = new Set();
  /** The context's time at which the take's first sample is heard. */
  #origin = 0;
  #started = false;
  /** Where it plays from, or was stopped. */
  #reached = 0;
  take = new Take();
  playing = false;
  /** What was given to the browser, what came out of the graph, how often sound came too late. */
  numbers = { scheduledSeconds: 0, peak: 0, gaps: 0 };

  /** Wake the sound card. Browsers allow it only within a click or the press of a key. */
  wake() {
    const Context = window.AudioContext ?? /** @type {any} */ (window).webkitAudioContext;
    if (!Context) throw new Failure("This browser has no Web Audio. The download works all the same.");
    if ("audioSession" in navigator) /** @type {any} */ (navigator).audioSession.type = "playback";
    if (!this.#context) {
      // At the sound's own rate the pieces join sample by sample.
      this.#context = new Context({ sampleRate: RATE });
      this.#meter = this.#context.createAnalyser();
      this.#meter.connect(this.#context.destination);
      this.#context.onstatechange = () => this.dispatchEvent(new Event("state"));
    }
    this.#context.resume().catch(() => {});
  }

  /** Whether the browser lets sound out. */
  get awake() {
    return this.#context?.state === "running";
  }

  /** A new take; what sounds becomes silent. */
  begin() {
    this.stop();
    this.take = new Take();
    this.#reached = 0;
    this.numbers = { scheduledSeconds: 0, peak: 0, gaps: 0 };
    this.#set(true);
  }

  /** @param {ArrayBuffer} bytes  s16le, mono, 24 kHz */
  add(bytes) {
    const piece = this.take.add(bytes);
    if (this.playing) this.#schedule(piece, 0);
  }

  /** No more sound comes. */
  finish() {
    this.take.whole = true;
    if (this.#nodes.size === 0) this.#set(false);
  }

  /**
   * Play from a place, in seconds.
   * @param {number} seconds
   */
  seek(seconds) {
    if (!this.take.pieces.length) return;
    seconds = Math.max(0, Math.min(seconds, this.take.seconds - 0.02));
    this.wake();
    this.#silence();
    this.#origin = this.#now() + LEAD_SECONDS / 2 - seconds;
    this.#started = true;
    this.#reached = seconds;
    this.#set(true);
    for (const piece of this.take.pieces) {
      const skipped = Math.max(0, seconds - piece.at);
      if (skipped < piece.samples.length / RATE) this.#schedule(piece, skipped);
    }
  }

  /** Silence, at once. */
  stop() {
    this.#reached = this.position;
    this.#silence();
    this.#set(false);
  }

  /** What is heard now, in seconds from the first sample. */
  get position() {
    if (!this.playing || !this.#started || !this.#context) return this.#reached;
    // Firefox asks the sound server for this while it holds a lock that the sound's own thread wants: it may hang.
    const late = IS_FIREFOX ? 0 : this.#context.outputLatency || 0;
    return Math.min(Math.max(this.#context.currentTime - late - this.#origin, this.#reached), this.take.seconds);
  }

  /** Read the loudest sample that leaves the graph at the moment. */
  measure() {
    if (!this.playing || !this.#meter) return;
    const samples = new Float32Array(this.#meter.fftSize);
    this.#meter.getFloatTimeDomainData(samples);
    for (const sample of samples) this.numbers.peak = Math.max(this.numbers.peak, Math.abs(sample));
  }

  /**
   * @param {{at: number, samples: Float32Array}} piece
   * @param {number} skipped  seconds of the piece that are left out
   */
  #schedule(piece, skipped) {
    const count = piece.samples.length;
    if (!this.#context || !this.#meter || !count) return;
    const now = this.#now();
    if (!this.#started) this.#origin = now + LEAD_SECONDS - piece.at;
    else if (this.#origin + piece.at + skipped < now) {
      // Sound that came late once may do so again: one longer break is better than several short ones.
      this.numbers.gaps += 1;
      this.#reached = piece.at + skipped;
      this.#origin = now + Math.min(1, LEAD_SECONDS * 2 ** this.numbers.gaps) - piece.at - skipped;
    }
    this.#started = true;
    const buffer = this.#context.createBuffer(1, count, RATE);
    buffer.getChannelData(0).set(piece.samples);
    const node = this.#context.createBufferSource();
    node.buffer = buffer;
    node.connect(this.#meter);
    node.onended = () => this.#ended(node);
    node.start(this.#origin + piece.at + skipped, skipped);
    this.#nodes.add(node);
    this.numbers.scheduledSeconds += count / RATE - skipped;
  }

  /** @param {AudioBufferSourceNode} node */
  #ended(node) {
    this.#nodes.delete(node);
    if (this.#nodes.size || !this.take.whole || !this.playing) return;
    this.#reached = this.take.seconds;
    this.#set(false);
  }

  /** The context's time at the border of a sample, so that starts fall on samples. */
  #now() {
    return Math.ceil((this.#context?.currentTime ?? 0) * RATE) / RATE;
  }

  #silence() {
    for (const node of this.#nodes) {
      node.onended = null;
      node.stop();
      node.disconnect();
    }
    this.#nodes.clear();
    this.#started = false;
  }

  /** @param {boolean} playing */
  #set(playing) {
    this.playing = playing;
    this.dispatchEvent(new Event("state"));
  }
}
