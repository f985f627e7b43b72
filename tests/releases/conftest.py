"""What is found in one test is unknown to the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kokoro_wyoming import releases


@pytest.fixture(autouse=True)
def nothing_found() -> Iterator[None]:
    releases.forget_found()
    yield
    releases.forget_found()
