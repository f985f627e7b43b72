"""The network in two halves: the front half turns token ids into features, the generator turns features into sound.

The front half (BERT, durations, prosody, the decoder's blocks) is here. It costs a fifth of the generator, and its
features have 80 frames a second. `streaming` runs the generator, and decides the size of the pieces.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from collections.abc import Generator as Steps
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.nn.utils import parametrize, remove_weight_norm

from kokoro_wyoming.errors import ModelError, first_line
from kokoro_wyoming.network.convolution import Convolution, multiplies_bfloat16
from kokoro_wyoming.network.decoder import FRAMES, DecodedContext, Decoder, DecoderBlock, Frames, TunedModule
from kokoro_wyoming.network.generator import SAMPLES_PER_FRAME, Generator, GeneratorModule
from kokoro_wyoming.network.kokoro_package import KModel
from kokoro_wyoming.network.learning import DAMAGE_REMEDY, ENOUGH_UTTERANCES, CalibrationData, fingerprint
from kokoro_wyoming.network.memory import large_blocks_apart
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.network.prepacking import PackedConvolution, is_used, prepack, replace_layers
from kokoro_wyoming.network.steps import next_step, result_of
from kokoro_wyoming.network.streaming import WHOLE_FRAMES, Features, StreamingVocoder
from kokoro_wyoming.network.tuning import Tuning
from kokoro_wyoming.network.ways import Lengths

STYLE_SIZE = 128
"""A style row holds two styles of this size: the sound's, then the prosody's."""
_TAIL_SAMPLES = 2_400
"""0.1 s: the onset of the cut-off context may remain in the last 0.1 s of a short sentence."""
_MAX_ONSET = 0.05
"""Relative to the peak (-26 dB): an onset is softer than this, the end of a word is louder."""
_STEP_SAMPLES = 240
"""10 ms."""
_TOKENS = Lengths((16, 32, 64, 96, 128), (256, 512))
"""Numbers of tokens for which the text encoder's convolutions are tuned."""
_MAX_CONTEXTS = 16
"""Trailing contexts are kept for the voices used last, 0.1 MB each."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class OutputOptions:
    """How much of a sentence's sound is made, and in what pieces. The speech is the same."""

    cuts_silence: bool = False
    """Whether the silence around the sentence is cut to 0.1 s on each side."""
    large_windows: bool = False
    """Whether the first windows are large too: less work, but the first sound takes longer."""


AS_MADE = OutputOptions()


class TrailingContext(NamedTuple):
    """A sentence that stands behind a short one in the decoder, so that nobody hears it.

    The decoder's blocks normalise each channel over all time. Two thirds of a single word's time are silence, unlike
    anything in the training data. With a sentence behind the word, most of the time is speech.
    """

    token_ids: list[int]
    """Pads not included."""
    style_row: Tensor
    """The style row for this length, from the voice of the short sentence: float32, shape (1, 256)."""


class Network:
    """A loaded model that can speak; every method is to be called on one thread at a time."""

    def __init__(
        self,
        model: KModel,
        device: str = "cpu",
        fit: Fit | None = None,
        calibration_path: Path | None = None,
        dtype: torch.dtype | None = None,
        tuning_path: Path | None = None,
    ) -> None:
        """With a `fit` for these weights, long sentences are made in windows.

        Without a fit, the network can learn one. `calibration_path` is the file for its calibration data; None means
        that it learns nothing. With `dtype` the large convolutions are direct and of this type; without it they are
        computed in the ways that are the quickest here, which the file `tuning_path` keeps.
        """
        with large_blocks_apart():
            _fold_weight_norm(model)
        self.model = model.to(device)
        self.device = torch.device(device)
        tuning = _tuning(self.device, dtype, tuning_path)
        if self.device.type == "cpu":
            prepack(model)
        _tune_before_decoder(model, tuning)
        self._decoder = Decoder(model.decoder, tuning)
        self._decoder.take_place_in(model.decoder)
        self.max_tokens = int(model.context_length)
        """The most token ids of a sentence, both pads included: 512."""
        module, generator = model.decoder.generator, Generator(model.decoder.generator, self._decoder.dtype, tuning)
        tuning.keep()
        self.tuning = tuning
        """How the large convolutions are computed."""
        model.decoder.generator = GeneratorModule(generator)
        self.vocoder = StreamingVocoder(generator, self.device, fit)
        self._contexts: OrderedDict[tuple[bytes, ...], DecodedContext] = OrderedDict()
        self.calibration_data: CalibrationData | None = None
        """`rehearse` adds to it; None where the network learns nothing."""
        if fit is None and calibration_path is not None and self.device.type == "cpu":
            self.calibration_data = CalibrationData(
                calibration_path, generator, fingerprint(module, self._decoder.dtype)
            )
            self._learn_from_file(self.calibration_data)

    def pieces(
        self,
        token_ids: list[int],
        style_row: Tensor,
        speed: float,
        voice: str = "",
        tell_durations: Callable[[list[int]], None] | None = None,
        context: TrailingContext | None = None,
        output: OutputOptions = AS_MADE,
    ) -> Iterator[Tensor | None]:
        """Yield the sound of token ids (pads not included) piece by piece, and None after each step without sound.

        `style_row` is float32 of shape (1, 256), `voice` a name for its origin. Sound is float32 of shape (n_samples,),
        24 kHz, on the CPU. Before any sound, `tell_durations` gets the duration of each token, pads included, in frames
        of 1/40 s; cut silence is not in the durations of the pads. `context` is for short sentences.
        """
        steps, features = self._feature_steps(token_ids, style_row, speed, context), None
        while features is None:
            yield None  # a turn for each step: all steps of a long sentence take seconds
            with torch.inference_mode():
                features = next_step(steps)
        first, end = frames = features.audible if output.cuts_silence else features.all
        if tell_durations is not None:
            tell_durations(features.durations_within(frames))
        yield None
        sound = self.vocoder.speak(features, voice, frames, large_windows=output.large_windows)
        yield from sound if context is None else _without_onset(sound, end - first)

    def rest(self) -> None:
        """Let go of the memory that layers compute in, 54 MB; the next sentence takes it anew."""
        self.tuning.workspace.clear()

    def try_out(self) -> None:
        """Speak a few sounds to nobody, enough to predict moments. Raises what torch raises where the device cannot."""
        for _ in self.pieces([1] * (WHOLE_FRAMES // 2), torch.zeros(1, 2 * STYLE_SIZE), 1.0):
            pass

    def rehearse(self, token_ids: list[int], style_row: Tensor, speed: float) -> Iterator[None]:
        """Add an utterance that nobody hears to the calibration data, in about sixty short steps."""
        steps = self._rehearsal(token_ids, style_row, speed)
        while True:
            # Entered for each step, as other code on this thread runs between two steps.
            with torch.inference_mode():
                ended = next(steps, "ended")
            if ended:
                return
            yield None

    def _rehearsal(self, token_ids: list[int], style_row: Tensor, speed: float) -> Iterator[None]:
        if self.calibration_data is not None:
            features = yield from self._feature_steps(token_ids, style_row, speed, None)
            yield from self.calibration_data.steps(features)

    def _learn_from_file(self, data: CalibrationData) -> None:
        """Speak in windows from the start, where the file has enough utterances."""
        try:
            if len(data) >= ENOUGH_UTTERANCES:
                self.learn()
        except Exception as error:  # linear algebra raises various errors for absurd numbers
            data.discard(f"Nothing can be learned from {data.path} ({first_line(error)}); {DAMAGE_REMEDY}.")

    def forget_voices(self) -> None:
        """Forget what voices taught, as they may be others under the same names; from any thread."""
        self.vocoder.forget_voices()

    def learn(self) -> None:
        """Learn from the calibration data, and speak in windows from now on; from any thread."""
        if self.calibration_data is not None:
            self.vocoder.predict_with(self.calibration_data.fit())

    def features(
        self, token_ids: list[int], style_row: Tensor, speed: float, context: TrailingContext | None = None
    ) -> Features:
        """Run the front half; ValueError for more token ids than the network takes."""
        return result_of(self._feature_steps(token_ids, style_row, speed, context))

    def _feature_steps(
        self, token_ids: list[int], style_row: Tensor, speed: float, context: TrailingContext | None
    ) -> Steps[None, None, Features]:
        style_row = style_row.to(self.device)
        sound_style = style_row[:, :STYLE_SIZE]
        frames, durations = yield from self._frame_steps(token_ids, style_row, speed)
        behind = None if context is None else (yield from self._context_steps(context))
        yield None
        x = yield from self._decoder.steps(frames, sound_style, behind)
        return Features(x, frames.f0, frames.energy, sound_style, durations, speed)

    def _context_steps(self, context: TrailingContext) -> Steps[None, None, DecodedContext]:
        """The context decoded at speed 1, kept, as all short sentences of a voice have the same context."""
        key = (bytes(str(context.token_ids), "ascii"), context.style_row.cpu().numpy().tobytes())
        if key not in self._contexts:
            style_row = context.style_row.to(self.device)
            frames, _ = yield from self._frame_steps(context.token_ids, style_row, 1.0)
            self._contexts[key] = yield from self._decoder.context_steps(frames, style_row[:, :STYLE_SIZE])
        self._contexts.move_to_end(key)
        if len(self._contexts) > _MAX_CONTEXTS:
            self._contexts.popitem(last=False)
        return self._contexts[key]

    def _frame_steps(
        self, token_ids: list[int], style_row: Tensor, speed: float
    ) -> Steps[None, None, tuple[Frames, Tensor]]:
        """The decoder's input, and each token's frames, pads included: int64, shape (n_tokens,)."""
        if len(token_ids) + 2 > self.max_tokens:
            raise ValueError(f"{len(token_ids)} token ids and two pads are more than {self.max_tokens}")
        model = self.model
        ids = torch.tensor([[0, *token_ids, 0]], device=self.device)
        prosody_style = style_row[:, STYLE_SIZE:]
        lengths = torch.tensor([ids.shape[1]])
        mask = torch.zeros_like(ids, dtype=torch.bool)
        bert = model.bert(ids, attention_mask=torch.ones_like(ids))
        yield None
        encoded = model.bert_encoder(bert).transpose(1, 2)
        prosody = model.predictor.text_encoder(encoded, prosody_style, lengths, mask)
        yield None
        durations = self._durations(prosody, speed)
        f0, energy = model.predictor.F0Ntrain(
            prosody.transpose(1, 2).repeat_interleave(durations, dim=2), prosody_style
        )
        yield None
        text = model.text_encoder(ids, lengths, mask).repeat_interleave(durations, dim=2)
        return Frames(text, f0, energy), durations

    def _durations(self, prosody: Tensor, speed: float) -> Tensor:
        """The duration of each token in frames of 1/40 s, at least one: int64, shape (n_tokens,)."""
        hidden, _ = self.model.predictor.lstm(prosody)
        per_token = torch.sigmoid(self.model.predictor.duration_proj(hidden)).sum(dim=-1) / speed
        return per_token.round().clamp(min=1).long()[0]


def _without_onset(sound: Iterator[Tensor], n_frames: int) -> Iterator[Tensor]:
    """Pass on pieces that are `n_frames` long together, and silence the context's onset at the end of the last one."""
    left = n_frames * SAMPLES_PER_FRAME
    for piece in sound:
        left -= len(piece)
        yield piece if left else _with_silent_end(piece)


def _with_silent_end(sound: Tensor) -> Tensor:
    """Fade out at the quietest 10 ms of the last 0.1 s, unless a word follows there."""
    steps = sound[-_TAIL_SAMPLES:].unfold(0, _STEP_SAMPLES, _STEP_SAMPLES).square().mean(dim=1)
    quietest = len(sound) - (len(steps) - int(steps.argmin())) * _STEP_SAMPLES
    rest = sound[quietest:]
    if rest.abs().max() > _MAX_ONSET * sound.abs().max():
        return sound
    fading = (1 - torch.arange(len(rest)) / _STEP_SAMPLES).clamp(min=0)
    return torch.cat([sound[:quietest], rest * fading])


def _tune_before_decoder(model: KModel, tuning: Tuning) -> None:
    """Tune the convolutions of the text, of pitch and of energy; in float32, as they decide the melody."""
    tuned = partial(tuning.ways, dtypes=[torch.float32], has_large_weights=True)
    text_ways = tuned(Convolution.of(model.text_encoder.cnn[0][0], torch.float32), _TOKENS)
    replace_layers(model.text_encoder, {torch.nn.Conv1d: lambda module: TunedModule(module, text_ways)})
    ways = tuned(Convolution.of(model.predictor.F0[0].conv2, torch.float32), FRAMES)
    for curve in ("F0", "N"):
        blocks = getattr(model.predictor, curve)
        setattr(model.predictor, curve, torch.nn.ModuleList(DecoderBlock(block, ways) for block in blocks))
    replace_layers(model.predictor, {torch.nn.Conv1d: lambda module: TunedModule(module, ways)})


def _tuning(device: torch.device, dtype: torch.dtype | None, path: Path | None) -> Tuning:
    """Measures on the processor, unless a type is asked for."""
    if dtype is not None or device.type != "cpu":
        return Tuning([dtype or torch.float32], measures=False)
    return Tuning(_usable_types(), path)


def _usable_types() -> list[torch.dtype]:
    """The types in which the processor convolves at its full rate.

    oneDNN refuses bfloat16 where ONEDNN_MAX_CPU_ISA has it ignore what the processor has.
    """
    has_bfloat16 = multiplies_bfloat16() and is_used(PackedConvolution, torch.bfloat16)
    return [torch.float32, torch.bfloat16] if has_bfloat16 else [torch.float32]


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
    """Compute each weight-normed weight once; torch would compute it in every pass."""
    for module in model.modules():
        if hasattr(module, "weight_g"):
            remove_weight_norm(module)
        elif parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    model.requires_grad_(False)
