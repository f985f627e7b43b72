"""What each format of sound costs: bytes, processor time, and how much sound it waits for.

    python -m scripts.bench.encoders [speech.wav]

Without a file, a minute of a synthetic hoarse voice is encoded. Processor time is of this process alone.
"""

from __future__ import annotations

import argparse
import time
import wave

import numpy as np

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.audio.pcm import CHUNK_MS, SAMPLE_RATE_HZ, PcmStream, seconds_of_pcm
from kokoro_wyoming.cli.tables import print_table

_HEADINGS = (
    *("format", "kbit/s", "first sound after", f"a piece of {CHUNK_MS} ms", "the longest"),
    *("a minute, streamed", "a minute, whole"),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench.encoders",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("wav", nargs="?", help=f"16-bit mono, {SAMPLE_RATE_HZ} Hz, such as `kokoro-wyoming say --out`")
    args = parser.parse_args()
    samples = _read(args.wav) if args.wav else _hoarse_voice(60)
    chunks = list(PcmStream().add(samples))
    print_table(_HEADINGS, [_row(name, chunks) for name in encoding.FORMATS])


def _read(path: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    with wave.open(path) as file:
        if file.getparams()[:3] != (1, 2, SAMPLE_RATE_HZ):
            raise SystemExit(f"{path} is not 16-bit mono at {SAMPLE_RATE_HZ} Hz")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def _hoarse_voice(seconds: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """It glides and pauses."""
    at = np.arange(seconds * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * (120 * at + 5 * np.sin(3 * at))
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 30))
    breath = np.random.default_rng(7).normal(0, 0.1, len(at))
    return (voice + breath) * np.clip(np.sin(2 * np.pi * 2 * at) + 0.5, 0, 1) / 8


def _row(name: str, chunks: list[bytes]) -> list[str]:
    # Imports its library.
    encoding.whole(name, chunks[0])
    pcm = b"".join(chunks)
    minutes = seconds_of_pcm(pcm) / 60
    encoder = encoding.stream(name)
    pieces = [(time.process_time(), encoder.add(chunk)) for chunk in chunks]
    begun = [at for at, _ in pieces] + [time.process_time()]
    made = [len(sent) for _, sent in pieces] + [len(encoder.finish())]
    streamed = time.process_time() - begun[0]
    took = np.diff(begun) * 1000
    before = time.process_time()
    encoding.whole(name, pcm)
    whole = time.process_time() - before
    return [
        name,
        f"{sum(made) * 8 / 1000 / (60 * minutes):.0f}",
        f"{_pieces_until_sound(name, chunks) * CHUNK_MS} ms",
        f"{np.mean(took):.3f} ms",
        f"{np.max(took):.1f} ms",
        f"{streamed / minutes:.2f} s",
        f"{whole / minutes:.2f} s",
    ]


def _pieces_until_sound(name: str, chunks: list[bytes]) -> int:
    """How many have gone in when more than a header has come out."""
    silence = encoding.stream(name)
    header = len(silence.add(chunks[0][:2]))
    silence.close()
    encoder = encoding.stream(name)
    sent = 0
    for number, chunk in enumerate(chunks, start=1):
        sent += len(encoder.add(chunk))
        if sent > header + 2:
            encoder.close()
            return number
    return len(chunks)


if __name__ == "__main__":
    main()
