"""The memory settings of C libraries. These libraries cannot be asked for their settings."""

from __future__ import annotations

import os

import pytest

from kokoro_wyoming.network import memory

_CAPACITY = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


@pytest.mark.parametrize(("before", "after"), [(None, "320"), ("77", "77")])
def test_the_kernel_cache_is_limited_unless_the_environment_sets_a_limit(
    before: str | None, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(_CAPACITY, raising=False)
    if before is not None:
        monkeypatch.setenv(_CAPACITY, before)
    memory.limit_kernel_cache()
    assert os.environ[_CAPACITY] == after


def test_memory_can_be_kept_and_returned_without_an_error() -> None:
    memory.keep_freed()
    memory.return_memory()
    assert bytearray(1 << 20)
