"""The harmonic source: the excitation signal of a whole sentence, computed from its pitch, and its spectrum.

It equals `kokoro`'s, except for the noise. kokoro adds Gaussian noise of equal deviation to each of nine sines, and
then takes a weighted sum of the nine. A weighted sum of nine Gaussian noises is one Gaussian noise with the norm of the
weights as deviation. To draw one noise instead of nine saves most of the time and a third of the memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Draw = Callable[[Tensor], Tensor]
"""Returns independent normal numbers with mean 0 and variance 1, in the shape of its argument."""


class HarmonicSource:
    """Sines at the pitch and its multiples in voiced frames, noise in unvoiced ones."""

    def __init__(self, module: Any, draw: Draw = torch.randn_like) -> None:
        """`module` is `KModel.decoder.generator`."""
        self._stft = module.stft
        self._merge = module.m_source.l_linear
        self._settings = module.m_source.l_sin_gen
        self._samples_per_frame = int(self._settings.upsample_scale)
        self._draw = draw

    def __call__(self, f0: Tensor) -> Tensor:
        """Magnitude and phase of the spectrum, shape (1, 22, 60 * n_frames + 1); `f0` in Hz, shape (1, n_frames)."""
        settings, weights = self._settings, self._merge.weight[0]
        voiced = (f0 > settings.voiced_threshold).float().repeat_interleave(self._samples_per_frame, dim=1)
        merged = (weights * settings.sine_amp @ self._sines(f0)).mul_(voiced).add_(self._merge.bias)
        loudness = voiced * settings.noise_std + (1 - voiced) * settings.sine_amp / 3
        merged.addcmul_(self._draw(voiced), loudness, value=float(weights.norm())).tanh_()
        return torch.cat(self._stft.transform(merged), dim=1)

    def _sines(self, f0: Tensor) -> Tensor:
        """The sines without noise, shape (1, 9, 300 * n_frames)."""
        settings = self._settings
        multiples = torch.arange(1, settings.dim + 1, dtype=torch.float32, device=f0.device)
        turns = (f0[0, :, None] * multiples / settings.sampling_rate) % 1
        phase = torch.cumsum(turns[None], dim=1).mul_(2 * torch.pi).transpose(1, 2) * self._samples_per_frame
        return functional.interpolate(phase, scale_factor=float(self._samples_per_frame), mode="linear").sin_()
