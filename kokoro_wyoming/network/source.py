"""The harmonic source: what the generator shapes into a voice, made for a whole sentence from its pitch.

It is `kokoro`'s own, number for number and with the same noise, in a third of the memory: nine sines for each sample of
20 s are 17 MB, and kokoro has some nine such arrays at a time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


class HarmonicSource:
    """Sines at the pitch and its multiples where a sentence is voiced, noise where it is not."""

    def __init__(self, module: Any) -> None:
        """`module` is `KModel.decoder.generator`."""
        self._stft = module.stft
        self._merge = module.m_source.l_linear
        self._settings = module.m_source.l_sin_gen
        self._samples_per_frame = int(self._settings.upsample_scale)

    def __call__(self, f0: Tensor) -> Tensor:
        """Magnitude and phase of its spectrum: `f0` in Hz, (1, n_frames), gives (1, 22, 60 * n_frames + 1)."""
        settings = self._settings
        sines = self._sines(f0).mul_(settings.sine_amp)
        voiced = (f0 > settings.voiced_threshold).float().repeat_interleave(self._samples_per_frame, dim=1)[:, None]
        loudness = voiced * settings.noise_std + (1 - voiced) * settings.sine_amp / 3
        noise = torch.randn_like(sines.transpose(1, 2)).transpose(1, 2)
        sines.mul_(voiced).add_(noise.mul_(loudness))
        del noise  # what merges copies the sines, and three such arrays would be the peak of a long sentence
        merged = torch.tanh(self._merge(sines.transpose(1, 2)))[..., 0]
        torch.randn_like(voiced)  # kokoro draws this too, for nothing: what follows is to have the same noise
        return torch.cat(self._stft.transform(merged), dim=1)

    def _sines(self, f0: Tensor) -> Tensor:
        """The sines by themselves: (1, 9, 300 * n_frames)."""
        settings = self._settings
        multiples = torch.arange(1, settings.dim + 1, dtype=torch.float32, device=f0.device)
        torch.rand(1, settings.dim, device=f0.device)  # kokoro's phases to begin with, which reach no sample
        turns = (f0[0, :, None] * multiples / settings.sampling_rate) % 1
        phase = torch.cumsum(turns[None], dim=1).mul_(2 * torch.pi).transpose(1, 2) * self._samples_per_frame
        return functional.interpolate(phase, scale_factor=float(self._samples_per_frame), mode="linear").sin_()
