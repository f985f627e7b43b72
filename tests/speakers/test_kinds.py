"""The table of kinds: each can be made, or says what to install."""

from __future__ import annotations

import sys
from importlib import metadata

import pytest

from kokoro_wyoming.errors import ConfigError
from kokoro_wyoming.protocols.http.offers import Offers
from kokoro_wyoming.speakers import addresses
from kokoro_wyoming.speakers.interface import Means
from kokoro_wyoming.speakers.kinds import KINDS, speaker_at


def test_a_kind_whose_package_is_not_here_says_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpd", None)
    monkeypatch.delitem(sys.modules, "mpd.asyncio", raising=False)
    monkeypatch.delitem(sys.modules, "kokoro_wyoming.speakers.kinds.mpd", raising=False)
    with pytest.raises(ConfigError, match=r"needs a package that is not here; .* -m pip install 'python-mpd2"):
        speaker_at(addresses.parse("mpd://127.0.0.1", KINDS), Means(Offers(lambda _: None)))


@pytest.mark.parametrize("extra", sorted({kind.extra for kind in KINDS.values() if kind.extra}))
def test_every_kind_s_extra_is_one_of_the_package(extra: str) -> None:
    assert extra in (metadata.metadata("kokoro-wyoming").get_all("Provides-Extra") or ())
