"""The network in two halves: text to low-rate features in one go, features to sound by the generator.

The front half (BERT, durations, prosody, the decoder's blocks at 80 frames a second) is here, and costs a fifth of the
generator. `streaming` has the generator make sound of what it gives, and decides in what pieces.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from collections.abc import Generator as Steps
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

import torch
from kokoro import KModel
from torch import Tensor
from torch.nn.utils import parametrize, remove_weight_norm

from kokoro_wyoming.errors import ModelError, first_line
from kokoro_wyoming.network.convolution import convolution_type
from kokoro_wyoming.network.decoder import Block, Decoder
from kokoro_wyoming.network.generator import SAMPLES_PER_FRAME, Generator, InPlace
from kokoro_wyoming.network.learning import ASIDE, ENOUGH_LESSONS, Lessons, fingerprint
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.network.prepacking import quicken
from kokoro_wyoming.network.streaming import Features, StreamingVocoder

STYLE_SIZE = 128
"""A style row holds two of these: the sound's, then the prosody's."""
_TAIL = 2_400
"""Samples, 0.1 s: where what was in company is cut off, its sound may end with a puff."""
_PUFF = 0.05
"""Times the peak, -26 dB: a puff is softer, and the end of a word that comes so late is louder."""
_STEP = 240
"""Samples, 10 ms."""
_COMPANIES = 16
"""Kept of the voices that spoke last, 0.2 MB each."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class OutputOptions:
    """In what pieces a sentence's sound is handed out; it sounds the same."""

    cuts_silence: bool = False
    """Whether of the silence around it only 0.1 s is made."""
    large_windows: bool = False
    """Whether the first windows are no smaller than need be: less work, but its first sound takes longer."""


AS_MADE = OutputOptions()


class TrailingContext(NamedTuple):
    """A sentence behind a short one while that is decoded, and never heard.

    The decoder's blocks normalise each channel over all time. A word by itself is silence for two thirds of it, as
    nothing was that they learned from; with a sentence behind it they see speech.
    """

    token_ids: list[int]
    """Pads not included."""
    style_row: Tensor
    """Of the voice that speaks the short one, for this length: float32, shape (1, 256)."""


@dataclass(frozen=True)
class _Frames:
    """What the decoder is given."""

    text: Tensor
    """float32, shape (1, 512, n_frames), 40 frames a second."""
    f0: Tensor
    """Pitch in Hz, float32, shape (1, 2 * n_frames), 80 frames a second."""
    energy: Tensor
    """As `f0`."""
    durations: Tensor
    """Frames of 1/40 s for each token, pads included: int64, shape (n_tokens,)."""

    def followed_by(self, other: _Frames) -> _Frames:
        """Both, one behind the other; the durations are this one's alone."""
        return _Frames(
            torch.cat([self.text, other.text], dim=2),
            torch.cat([self.f0, other.f0], dim=1),
            torch.cat([self.energy, other.energy], dim=1),
            self.durations,
        )


class Network:
    """A loaded model, ready to speak; every method is to be called on one thread at a time."""

    def __init__(
        self,
        model: KModel,
        device: str = "cpu",
        fit: Fit | None = None,
        lessons_path: Path | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """`fit` is what was learned of these weights; with one, long sentences are spoken in windows.

        Where there is none but may be one, `lessons_path` is the file in which lessons for it are kept. `dtype` is that
        of the large convolutions; None is what the device does best.
        """
        _fold_weight_norm(model)
        self.model = model.to(device)
        self.device = torch.device(device)
        dtype = dtype or convolution_type(self.device)
        for curve in ("F0", "N"):  # float32: they are the melody
            blocks = getattr(model.predictor, curve)
            setattr(model.predictor, curve, torch.nn.ModuleList(Block(block, torch.float32) for block in blocks))
        if self.device.type == "cpu":
            quicken(model)
        self._decoder = Decoder(model.decoder, dtype)
        self._decoder.take_place_in(model.decoder)
        self.max_tokens = int(model.context_length)
        """Token ids in one go, both pads included: 512."""
        module, generator = model.decoder.generator, Generator(model.decoder.generator, dtype)
        model.decoder.generator = InPlace(generator)
        self.speaker = StreamingVocoder(generator, self.device, fit)
        self._companies: OrderedDict[tuple[bytes, ...], _Frames] = OrderedDict()
        self.lessons: Lessons | None = None
        """What `rehearse` adds to; None where nothing is to be learned."""
        if fit is None and lessons_path is not None and self.device.type == "cpu":
            self.lessons = Lessons(lessons_path, generator, fingerprint(module, dtype))
            self._recall(self.lessons)

    def pieces(
        self,
        token_ids: list[int],
        style_row: Tensor,
        speed: float,
        voice: str = "",
        tell_durations: Callable[[list[int]], None] | None = None,
        company: TrailingContext | None = None,
        serving: OutputOptions = AS_MADE,
    ) -> Iterator[Tensor | None]:
        """Speak token ids (pads not included); None marks a turn that made nothing to hear.

        `style_row` is float32 of shape (1, 256), `voice` any name for where it comes from; sound is float32 of shape
        (n_samples,), 24 kHz, on the CPU. Before there is any, `tell_durations` is told how long each token sounds, pads
        included, in frames of 1/40 s; where silence is cut, it is from the first pad's as well. `company` is for what
        is short.
        """
        steps, features = self._feature_steps(token_ids, style_row, speed, company), None
        while features is None:
            yield None  # a turn each: of a long sentence they take seconds
            with torch.inference_mode():
                features = _stepped(steps)
        first, end = frames = features.heard if serving.cuts_silence else features.all
        if tell_durations is not None:
            tell_durations(features.durations_of(frames))
        yield None
        sound = self.speaker.speak(features, voice, frames, large_windows=serving.large_windows)
        yield from sound if company is None else _hushed(sound, end - first)

    def rehearse(self, token_ids: list[int], style_row: Tensor, speed: float) -> Iterator[None]:
        """Learn from an utterance that nobody hears, in some sixty short steps."""
        steps = self._rehearsal(token_ids, style_row, speed)
        while True:
            # Entered anew for each step: what others do between two of them is not to be inference.
            with torch.inference_mode():
                ended = next(steps, "ended")
            if ended:
                return
            yield None

    def _rehearsal(self, token_ids: list[int], style_row: Tensor, speed: float) -> Iterator[None]:
        if self.lessons is not None:
            features = yield from self._feature_steps(token_ids, style_row, speed, None)
            yield from self.lessons.steps(features)

    def _recall(self, lessons: Lessons) -> None:
        """Speak in windows by what was learned before, if that is enough and makes sense."""
        try:
            if len(lessons) >= ENOUGH_LESSONS:
                self.learn()
        except Exception as error:  # of numbers that are none of a network's, linear algebra fails in many ways
            lessons.put_aside(f"Nothing can be learned of {lessons.path} ({first_line(error)}); {ASIDE}.")

    def learn(self) -> None:
        """Speak in windows from now on, by what was rehearsed; from any thread."""
        if self.lessons is not None:
            self.speaker.predict_with(self.lessons.fit())

    def features(
        self, token_ids: list[int], style_row: Tensor, speed: float, company: TrailingContext | None = None
    ) -> Features:
        """The front half; ValueError for more token ids than the network takes."""
        return _ended(self._feature_steps(token_ids, style_row, speed, company))

    def _feature_steps(
        self, token_ids: list[int], style_row: Tensor, speed: float, company: TrailingContext | None
    ) -> Steps[None, None, Features]:
        style_row = style_row.to(self.device)
        sound_style = style_row[:, :STYLE_SIZE]
        own = yield from self._frame_steps(token_ids, style_row, speed)
        decoded = own if company is None else own.followed_by(self._frames_of(company))
        yield None
        x = yield from self._decoder.steps(decoded.text, decoded.f0, decoded.energy, sound_style)
        return Features(x[..., : own.f0.shape[1]], own.f0, own.energy, sound_style, own.durations, speed)

    def _frames_of(self, company: TrailingContext) -> _Frames:
        """At the voice's own pace; kept, as all short utterances of a voice have the same."""
        key = (bytes(str(company.token_ids), "ascii"), company.style_row.cpu().numpy().tobytes())
        if key not in self._companies:
            frames = _ended(self._frame_steps(company.token_ids, company.style_row.to(self.device), 1.0))
            self._companies[key] = frames
        self._companies.move_to_end(key)
        if len(self._companies) > _COMPANIES:
            self._companies.popitem(last=False)
        return self._companies[key]

    def _frame_steps(self, token_ids: list[int], style_row: Tensor, speed: float) -> Steps[None, None, _Frames]:
        if len(token_ids) + 2 > self.max_tokens:
            raise ValueError(f"{len(token_ids)} token ids and two pads are more than {self.max_tokens}")
        model = self.model
        ids = torch.tensor([[0, *token_ids, 0]], device=self.device)
        prosody_style = style_row[:, STYLE_SIZE:]
        lengths = torch.tensor([ids.shape[1]])
        nothing_masked = torch.zeros_like(ids, dtype=torch.bool)
        bert = model.bert(ids, attention_mask=torch.ones_like(ids))
        yield None
        encoded = model.bert_encoder(bert).transpose(1, 2)
        prosody = model.predictor.text_encoder(encoded, prosody_style, lengths, nothing_masked)
        yield None
        durations = self._durations(prosody, speed)
        f0, energy = model.predictor.F0Ntrain(
            prosody.transpose(1, 2).repeat_interleave(durations, dim=2), prosody_style
        )
        yield None
        text = model.text_encoder(ids, lengths, nothing_masked).repeat_interleave(durations, dim=2)
        return _Frames(text, f0, energy, durations)

    def _durations(self, prosody: Tensor, speed: float) -> Tensor:
        """How long each token sounds, in frames of 1/40 s, at least one: int64, shape (n_tokens,)."""
        hidden, _ = self.model.predictor.lstm(prosody)
        per_token = torch.sigmoid(self.model.predictor.duration_proj(hidden)).sum(dim=-1) / speed
        return per_token.round().clamp(min=1).long()[0]


def _ended(steps: Steps[None, None, _T]) -> _T:
    """What steps come to, taken in one go."""
    while (result := _stepped(steps)) is None:
        pass
    return result


def _stepped(steps: Steps[None, None, _T]) -> _T | None:
    """Take one step; gives what they come to after the last."""
    try:
        next(steps)
    except StopIteration as ended:
        return cast(_T, ended.value)
    return None


def _hushed(sound: Iterator[Tensor], n_frames: int) -> Iterator[Tensor]:
    """Sound of so many frames in pieces as they are, the last of them without its puff."""
    left = n_frames * SAMPLES_PER_FRAME
    for piece in sound:
        left -= len(piece)
        yield piece if left else _without_puff(piece)


def _without_puff(sound: Tensor) -> Tensor:
    """The same with silence from the quietest place of its last 0.1 s on, unless a word is there."""
    steps = sound[-_TAIL:].unfold(0, _STEP, _STEP).square().mean(dim=1)
    quietest = len(sound) - (len(steps) - int(steps.argmin())) * _STEP
    rest = sound[quietest:]
    if rest.abs().max() > _PUFF * sound.abs().max():
        return sound
    fading = (1 - torch.arange(len(rest)) / _STEP).clamp(min=0)
    return torch.cat([sound[:quietest], rest * fading])


def choose_device(wanted: str) -> str:
    """The torch device for "auto", "cpu", "cuda", "cuda:N" or "mps"; ModelError when the machine lacks it."""
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda" if cards else "cpu"
    kind, _, number = wanted.partition(":")
    present = {"cpu": True, "cuda": int(number or 0) < cards, "mps": torch.backends.mps.is_available()}
    if not present.get(kind, False):
        raise ModelError(f"This machine has no {wanted} device that PyTorch can use; set model.device to auto or cpu.")
    return wanted


def _fold_weight_norm(model: KModel) -> None:
    """Compute each normed weight once: torch would do it again on every pass."""
    for module in model.modules():
        if hasattr(module, "weight_g"):
            remove_weight_norm(module)
        elif parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    model.requires_grad_(False)
