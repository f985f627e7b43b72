"""What is told to libraries in C, which keep no promise to be asked about."""

from __future__ import annotations

import os

import pytest

from kokoro_wyoming.network import memory

_CAPACITY = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


@pytest.mark.parametrize(("before", "after"), [(None, "320"), ("77", "77")])
def test_the_room_for_kernels_is_bounded_unless_the_owner_has_said_how_much(
    before: str | None, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(_CAPACITY, raising=False)
    if before is not None:
        monkeypatch.setenv(_CAPACITY, before)
    memory.bound_kernels()
    assert os.environ[_CAPACITY] == after


def test_what_is_kept_and_given_back_does_no_harm() -> None:
    memory.keep_freed()
    memory.give_back()
    assert bytearray(1 << 20)
