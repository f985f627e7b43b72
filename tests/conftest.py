"""Fixtures for more than one file: where the real weights and the ears are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kokoro_wyoming.assets import Store

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def model_data() -> Store:
    """The real weights and voices, as `kokoro-wyoming fetch` laid them down."""
    home = Path(os.environ.get("KOKORO_WYOMING_TEST_DATA", CHECKOUT))
    store = Store(models=home / "models", voices=home / "voices")
    if not store.weights("v1.0").is_file():
        pytest.fail(f"no weights in {home}: run ./test.sh, or `kokoro-wyoming fetch` once")
    return store
