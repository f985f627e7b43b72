"""PCM as files that players read, decoded by libsndfile and by ffmpeg."""

from __future__ import annotations

import concurrent.futures
import functools
import hashlib
import io
import struct
import subprocess
import sys
import wave
from collections.abc import Callable
from contextlib import closing

import av
import numpy as np
import psutil
import pytest
import soundfile
from numpy.typing import NDArray

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.audio.encoding import compressed

Sound = NDArray[np.float64]

RATE = 24_000
PIECE_BYTES = 2400
"""50 ms, as `PcmStream` makes them."""
LENGTHS = (0, 1, 577, 1023, 2400, 4097, 14_400, 14_523, 72_000, pytest.param(720_000, marks=pytest.mark.long))
"""Samples: none, one, odd ones about the frames of codecs, 0.1 s, a word of 0.6 s, 3 s, 30 s."""
CODED = [name for name in encoding.FORMATS if name not in ("wav", "pcm")]
LOSSLESS = ("flac", "wav", "pcm")
DELAYS = {"mp3": encoding.MP3_DELAY_SAMPLES, "aac": encoding.AAC_DELAY_SAMPLES}


@functools.cache
def speech(samples: int) -> bytes:
    """PCM of a hoarse voice that glides and pauses, -9 dB at most."""
    time = np.arange(samples) / RATE
    phase = 2 * np.pi * (120 * time + 5 * np.sin(3 * time))
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 30))
    breath = np.random.default_rng(7).normal(0, 0.1, samples)
    loudness = np.clip(np.sin(2 * np.pi * 2 * time) + 0.5, 0, 1)
    return np.rint((voice + breath) * loudness * 4000).astype("<i2").tobytes()


def streamed(name: str, pcm: bytes, piece_bytes: int = PIECE_BYTES) -> bytes:
    encoder = encoding.stream(name)
    pieces = [encoder.add(pcm[at : at + piece_bytes]) for at in range(0, len(pcm), piece_bytes)]
    return b"".join([*pieces, encoder.finish()])


def in_one_go(name: str, pcm: bytes) -> bytes:
    return encoding.whole(name, pcm)


WAYS = [pytest.param(streamed, id="streamed"), pytest.param(in_one_go, id="whole")]
Way = Callable[[str, bytes], bytes]


def by_ffmpeg(name: str, made: bytes) -> Sound:
    """All samples of a file, at 24 kHz, about [-1, 1]."""
    # ffmpeg needs three frames of AAC to tell it from noise.
    form = {"pcm": "s16le", "aac": "aac"}.get(name)
    options = {"sample_rate": str(RATE)} if name == "pcm" else {}
    with av.open(io.BytesIO(made), format=form, options=options) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].sample_rate
    sound = np.concatenate(frames)
    scale = 1 if sound.dtype.kind == "f" else 32768
    # Opus is decoded at its own rate. Every second sample will do: there is nothing above 12 kHz.
    return sound.astype(np.float64)[:: rate // RATE] / scale


def by_libsndfile(name: str, made: bytes) -> Sound:
    raw = {"samplerate": RATE, "channels": 1, "format": "RAW", "subtype": "PCM_16"} if name == "pcm" else {}
    sound, rate = soundfile.read(io.BytesIO(made), **raw)
    assert rate == RATE
    return np.asarray(sound)


def decoders(name: str, way: Way) -> list[Callable[[str, bytes], Sound]]:
    """Those that read it: libsndfile reads no AAC, and no FLAC of unknown length."""
    is_read = name != "aac" and not (name == "flac" and way is streamed)
    return [by_ffmpeg, by_libsndfile] if is_read else [by_ffmpeg]


def decoded_samples(name: str, samples: int) -> int:
    """How many a decoder gives for so many, as the package promises."""
    if name in ("wav", "pcm"):
        return samples
    samples = max(samples, 1)
    if name == "mp3":
        return 576 * (-(-samples // 576) + 2)
    return 1024 * (-(-samples // 1024) + 1) if name == "aac" else samples


@pytest.mark.parametrize("samples", LENGTHS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", encoding.FORMATS)
def test_every_sample_is_in_the_file(name: str, way: Way, samples: int) -> None:
    made = way(name, speech(samples))
    if name in ("wav", "pcm") and not samples:
        assert len(made) == {"wav": 44, "pcm": 0}[name]
        return
    for decoder in decoders(name, way):
        assert len(decoder(name, made)) == decoded_samples(name, samples), decoder


@pytest.mark.parametrize("samples", LENGTHS[1:])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", LOSSLESS)
def test_what_promises_to_change_nothing_changes_nothing(name: str, way: Way, samples: int) -> None:
    pcm = speech(samples)
    for decoder in decoders(name, way):
        levels = np.rint(decoder(name, way(name, pcm)) * 32768).astype("<i2")
        assert levels.tobytes() == pcm, decoder


@pytest.mark.parametrize(("name", "decibels"), [("mp3", 25), ("opus", 15), ("aac", 20)])
def test_the_noise_of_a_codec_is_far_below_the_sound(name: str, decibels: float) -> None:
    pcm = speech(72_000)
    sound = np.frombuffer(pcm, "<i2") / 32768
    heard = trimmed(name, by_ffmpeg(name, encoding.whole(name, pcm)), 72_000)
    gain = (sound @ heard) / (heard @ heard)
    noise = heard * gain - sound
    assert 10 * np.log10((sound @ sound) / (noise @ noise)) > decibels
    # LAME takes off 0.4 dB, against clipping.
    assert abs(20 * np.log10(gain)) < 0.5


def trimmed(name: str, sound: Sound, samples: int) -> Sound:
    """Without what comes before the sound and after it."""
    delay = DELAYS.get(name, 0)
    return sound[delay : delay + samples]


@pytest.mark.parametrize("samples", [960, 1153, 14_523, 72_000, 72_001, 73_727, 73_728, 73_729])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", encoding.FORMATS)
def test_the_end_of_the_sound_is_heard(name: str, way: Way, samples: int) -> None:
    click = np.sin(np.arange(240) / RATE * 2 * np.pi * 2000) * 12_000
    sound = np.concatenate([np.zeros(samples - 240), click]).astype("<i2")
    for decoder in decoders(name, way):
        heard = trimmed(name, decoder(name, way(name, sound.tobytes())), samples)[-240:]
        likeness = (heard @ click) / np.sqrt((heard @ heard) * (click @ click))
        assert likeness > 0.95, decoder
        assert 0.8 < np.sqrt((heard @ heard) / (click @ click)) * 32768 < 1.2, decoder


@pytest.mark.parametrize("piece_samples", [1, 7, 480, 1151, 4097, 100_000])
@pytest.mark.parametrize("name", encoding.FORMATS)
def test_how_long_the_pieces_are_changes_nothing(name: str, piece_samples: int) -> None:
    pcm = speech(9_000)
    usual = by_ffmpeg(name, streamed(name, pcm))
    assert np.array_equal(by_ffmpeg(name, streamed(name, pcm, 2 * piece_samples)), usual)
    assert np.array_equal(by_ffmpeg(name, encoding.whole(name, pcm)), usual)


@pytest.mark.parametrize(
    ("name", "behind"),
    [("mp3", 2 * 576 + 528), ("opus", 4 * 480 + 156), ("flac", 1152), ("wav", 0), ("pcm", 0), ("aac", 3 * 1024)],
)
def test_the_sound_leaves_while_it_is_made(name: str, behind: int) -> None:
    pcm = speech(RATE)
    encoder = encoding.stream(name)
    sent = b""
    for at in range(0, len(pcm), PIECE_BYTES):
        sent += encoder.add(pcm[at : at + PIECE_BYTES])
        added = at // 2 + PIECE_BYTES // 2
        if added > behind:
            assert len(by_ffmpeg(name, sent)) >= added - behind


@pytest.mark.parametrize(("name", "pieces"), [("mp3", 1), ("opus", 2), ("flac", 1), ("wav", 1), ("pcm", 1), ("aac", 2)])
def test_the_first_sound_leaves_at_once(name: str, pieces: int) -> None:
    encoder = encoding.stream(name)
    header = len(encoder.add(b""))
    sent = [encoder.add(speech(1200)) for _ in range(pieces)]
    assert len(b"".join(sent)) > header + 100
    encoder.close()


def test_a_streamed_wav_has_no_length_and_nothing_after_the_sound() -> None:
    pcm = speech(4097)
    made = streamed("wav", pcm)
    assert (made[4:8], made[40:44]) == (b"\xff" * 4, b"\xff" * 4)
    assert made[44:] == pcm


def test_a_whole_wav_has_its_exact_length() -> None:
    pcm = speech(4097)
    made = encoding.whole("wav", pcm)
    assert struct.unpack("<I", made[4:8]) == (len(made) - 8,)
    with wave.open(io.BytesIO(made)) as file:
        assert file.getparams()[:4] == (1, 2, RATE, 4097)
        assert file.readframes(4097) == pcm


def test_an_mp3_is_frames_of_one_size_and_nothing_else() -> None:
    for made in (streamed("mp3", speech(72_000)), encoding.whole("mp3", speech(72_000))):
        frames = [made[at : at + 288] for at in range(0, len(made), 288)]
        assert len(frames) == 127
        # MPEG-2 layer III, 96 kbit/s, 24 kHz without padding, mono.
        assert {frame[:3] + bytes([frame[3] & 0xC0]) for frame in frames} == {b"\xff\xf3\xa4\xc0"}
        assert not [tag for tag in (b"ID3", b"TAG", b"Xing", b"Info", b"VBRI") if tag in made]


def test_mp3s_of_several_answers_are_one_when_joined() -> None:
    sentences = [speech(samples) for samples in (14_400, 0, 72_000, 577)]
    answers = [streamed("mp3", sentences[0]), *(encoding.whole("mp3", pcm) for pcm in sentences[1:])]
    wanted = sum(decoded_samples("mp3", len(pcm) // 2) for pcm in sentences)
    for decoder in (by_ffmpeg, by_libsndfile):
        heard = decoder("mp3", b"".join(answers))
        assert len(heard) == wanted
        alone = decoder("mp3", answers[2])
        at = decoded_samples("mp3", 14_400) + decoded_samples("mp3", 0)
        assert np.abs(heard[at : at + len(alone)] - alone)[1200:].max() < 1e-3


def pages(made: bytes) -> list[tuple[int, int]]:
    """Flags and granule position of each Ogg page."""
    found, at = [], 0
    while at < len(made):
        mark, _, flags, granule, _, _, _, segments = struct.unpack_from("<4sBBqIIIB", made, at)
        assert mark == b"OggS"
        found.append((flags, granule))
        at += 27 + segments + sum(made[at + 27 : at + 27 + segments])
    return found


def test_opus_is_ogg_in_pages_of_60_ms_that_end() -> None:
    made = streamed("opus", speech(72_000))
    assert made[28:36] == b"OpusHead"
    found = pages(made)
    assert np.diff([granule for _, granule in found[2:-1]]).max() == 48 * 60
    assert [flags & 4 for flags, _ in found] == [0] * (len(found) - 1) + [4]
    # At 48 kHz, with what the encoder puts before the sound.
    assert found[-1][1] == 2 * 72_000 + struct.unpack("<H", made[38:40])[0]


def test_without_the_command_for_short_pages_opus_comes_in_longer_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "_SET_OGG_PAGE_LATENCY_MS", 0x7FFF)
    made = streamed("opus", speech(72_000))
    assert len(pages(made)) < 8
    assert len(by_libsndfile("opus", made)) == 72_000


def test_a_soundfile_without_the_handle_is_taken_as_it_is() -> None:
    compressed._shorten_pages(object())


def test_a_streamed_flac_says_that_its_length_is_unknown() -> None:
    made = streamed("flac", speech(72_000))
    assert made[:4] == b"fLaC"
    assert (samples_in_header(made), made[26:42]) == (0, bytes(16))


def samples_in_header(flac: bytes) -> int:
    """36 bits of STREAMINFO."""
    return int.from_bytes(flac[21:26], "big") & (2**36 - 1)


def test_a_whole_flac_says_its_length_and_its_sum() -> None:
    pcm = speech(72_001)
    made = encoding.whole("flac", pcm)
    assert (samples_in_header(made), made[26:42]) == (72_001, hashlib.md5(pcm).digest())


@pytest.mark.parametrize("name", encoding.FORMATS)
def test_encoders_of_several_answers_work_in_turns(name: str) -> None:
    pcm, encoders = speech(14_523), [encoding.stream(name) for _ in range(3)]
    made = [b""] * 3
    for at in range(0, len(pcm), PIECE_BYTES):
        made = [sent + one.add(pcm[at : at + PIECE_BYTES]) for sent, one in zip(made, encoders, strict=True)]
    alone = by_ffmpeg(name, streamed(name, pcm))
    for sent, one in zip(made, encoders, strict=True):
        assert np.array_equal(by_ffmpeg(name, sent + one.finish()), alone)


@pytest.mark.parametrize("name", encoding.FORMATS)
def test_whole_files_are_made_on_several_threads_at_once(name: str) -> None:
    sounds = [speech(10_000 + 999 * number) for number in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda pcm: encoding.whole(name, pcm), sounds))
    for pcm, one in zip(sounds, made, strict=True):
        assert np.array_equal(by_ffmpeg(name, one), by_ffmpeg(name, encoding.whole(name, pcm)))


@pytest.mark.long
@pytest.mark.parametrize("name", CODED)
def test_encoders_that_are_left_in_the_middle_give_their_memory_back(name: str) -> None:
    def leave(number: int) -> int:
        for _ in range(number):
            with closing(encoding.stream(name)) as encoder:
                encoder.add(speech(1200))
        return int(psutil.Process().memory_info().rss)

    before = leave(100)
    # A thousand of the smallest would keep 28 MB.
    assert leave(1000) - before < 5_000_000


@pytest.mark.parametrize("name", encoding.FORMATS)
def test_an_encoder_may_be_closed_at_any_time_and_more_than_once(name: str) -> None:
    for sound in (b"", speech(1), speech(5000)):
        encoder = encoding.stream(name)
        encoder.add(sound)
        encoder.close()
        encoder.close()
    finished = encoding.stream(name)
    finished.finish()
    finished.close()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("mp3", "mp3"), (" MP3 ", "mp3"), ("mpeg", "mp3"), ("Ogg", "opus"), ("oga", "opus"), ("OPUS", "opus")),
        *(("wave", "wav"), ("WAV", "wav"), ("raw", "pcm"), ("flac", "flac"), ("aac", "aac"), ("adts", "aac")),
    ],
)
def test_formats_are_known_by_the_names_that_clients_write(written: str, meant: str) -> None:
    assert encoding.canonical(written) == meant


@pytest.mark.parametrize("name", ["", "mp4", "mp3.", "m p 3", "../wav", "opus\0", "ＭＰ３", "x" * 10_000])
def test_other_names_are_refused_and_those_that_there_are_told(name: str) -> None:
    for use in (encoding.canonical, encoding.stream, lambda name: encoding.whole(name, b"")):
        with pytest.raises(ValueError, match=r"is not a format .* mp3, opus, flac, wav, pcm and aac$"):
            use(name)


def test_without_pyav_there_is_no_aac_but_a_word_on_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ValueError, match=r'^needs PyAV.*pip install "kokoro-wyoming\[aac\]"$'):
        encoding.canonical("AAC")
    assert encoding.canonical("mp3") == "mp3"


def test_formats_have_the_types_that_clients_read() -> None:
    assert {name: encoding.media_type(name) for name in encoding.FORMATS} == {
        "mp3": "audio/mpeg",
        "opus": "audio/ogg; codecs=opus",
        "flac": "audio/flac",
        "wav": "audio/wav",
        "pcm": "audio/pcm;rate=24000;channels=1",
        "aac": "audio/aac",
    }
    assert [encoding.extension(name) for name in encoding.FORMATS] == ["mp3", "opus", "flac", "wav", "pcm", "aac"]


def test_libraries_are_imported_when_they_are_needed() -> None:
    question = (
        "import sys; from kokoro_wyoming.audio import encoding; "
        "encoding.whole('wav', bytes(2)); print(sorted({'soundfile', 'av'} & set(sys.modules))); "
        "encoding.whole('mp3', bytes(2)); print(sorted({'soundfile', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "['soundfile']"]
