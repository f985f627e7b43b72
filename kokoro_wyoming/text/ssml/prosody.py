"""SSML's attributes of prosody and breaks as numbers. Pure.

Values and labels are those of SSML 1.1, 3.2.3 and 3.2.4, and the older forms that other voices' users write.
"""

from __future__ import annotations

import re

_BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.8, "x-strong": 1.2}
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
_VOLUMES = {"silent": 0.0, "x-soft": 0.25, "soft": 0.5, "medium": 1.0, "default": 1.0, "loud": 1.4, "x-loud": 2.0}

_TIME = re.compile(r"\+?(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})(ms|s)")
_AMOUNT = re.compile(r"([+-]?)(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})(%|dB)?")


def seconds_of(time: str | None, strength: str | None) -> float:
    """The silence of a break in seconds; ValueError says what is allowed."""
    if time is not None:
        found = _TIME.fullmatch(time.strip())
        if found is None:
            raise ValueError("time must be such as 500ms or 1.5s")
        return float(found[1]) / (1_000 if found[2] == "ms" else 1)
    if (strength or "medium") not in _BREAKS:
        raise ValueError(f"strength must be {_any_of(_BREAKS)}")
    return _BREAKS[strength or "medium"]


def rate_of(value: str, around: float) -> float:
    """The factor on the pace, inside a passage with the factor `around`; ValueError says what is allowed."""
    if value in _RATES:
        return _RATES[value]
    found = _AMOUNT.fullmatch(value.strip())
    if found is None or found[3] == "dB":
        raise ValueError(f"rate must be such as 80%, 1.2, {_any_of(_RATES)}")
    factor = _factor(found[1], float(found[2]), found[3] == "%")
    if factor <= 0:
        raise ValueError("rate must be more than nothing")
    return around * factor


def gain_of(value: str, around: float) -> float:
    """The gain, inside a passage with the gain `around`; ValueError says what is allowed."""
    if value in _VOLUMES:
        return _VOLUMES[value]
    found = _AMOUNT.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"volume must be such as +6dB, 80, {_any_of(_VOLUMES)}")
    sign, amount, unit = found[1], float(found[2]), found[3]
    if unit == "dB":
        return float(around * 10 ** (min(amount, 100.0) * (-1 if sign == "-" else 1) / 20))
    if sign or unit == "%":
        return max(around * _factor(sign, amount if unit == "%" else amount * 1.0, percent=True), 0.0)
    # As SSML 1.0 counts: from 0 to 100.
    return min(amount, 100.0) / 100


def _factor(sign: str, amount: float, percent: bool) -> float:
    part = amount / 100 if percent else amount
    return {"": part, "+": 1 + part, "-": 1 - part}[sign]


def _any_of(labels: dict[str, float]) -> str:
    *others, last = labels
    return f"{', '.join(others)} or {last}"
