"""Length buckets: few, long enough, and hardly longer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.network.bucketing import bucket_length, bucket_span


@given(st.integers(1, 10_000))
def test_a_bucket_is_hardly_longer_than_the_length(length: int) -> None:
    assert length <= bucket_length(length) <= max(length + (15 if length > 32 else 7), length * 9 / 8)
    assert bucket_length(bucket_length(length)) == bucket_length(length)


def test_buckets_are_few() -> None:
    assert len({bucket_length(length) for length in range(1, 2_401)}) < 45


@given(st.integers(0, 300), st.integers(1, 300), st.integers(0, 300))
def test_a_span_is_widened_within_the_limits(start: int, length: int, behind: int) -> None:
    limits = 0, start + length + behind
    first, last = bucket_span(start, start + length, limits)
    assert 0 <= first <= start
    assert start + length <= last <= limits[1]
    assert last - first == min(bucket_length(length), limits[1])
