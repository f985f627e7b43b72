"""Signatures of addresses: whatever is changed in a signed address makes it another one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.protocols.http.signing import EXPIRES, FIELDS, SIGNATURE, is_signed, secret_of, signature_of

SECRET = b"0123456789abcdef"
QUERIES = st.dictionaries(st.sampled_from(FIELDS), st.text())


def _signed(query: dict[str, str], expires: int, file: str = "hello.mp3") -> dict[str, str]:
    return {**query, EXPIRES: str(expires), SIGNATURE: signature_of(SECRET, file, query, expires)}


@given(QUERIES, st.integers(0, 2**40))
def test_a_signed_address_is_known_again(query: dict[str, str], expires: int) -> None:
    assert is_signed(SECRET, "hello.mp3", _signed(query, expires))


@given(QUERIES, QUERIES, st.integers(0, 2**40), st.integers(0, 2**40))
def test_another_address_is_not(query: dict[str, str], other: dict[str, str], expires: int, later: int) -> None:
    changed = {**_signed(query, expires), **_signed(other, later), SIGNATURE: _signed(query, expires)[SIGNATURE]}
    for name in query.keys() - other.keys():
        del changed[name]
    assert is_signed(SECRET, "hello.mp3", changed) == ((query, expires) == (other, later))


@given(st.dictionaries(st.sampled_from((*FIELDS, EXPIRES, SIGNATURE)), st.text()))
def test_what_nobody_signed_is_not(query: dict[str, str]) -> None:
    assert not is_signed(SECRET, "hello.mp3", query)


def test_file_and_secret_count() -> None:
    query = _signed({"text": "Hello"}, 5)
    assert not is_signed(SECRET, "hello.wav", query)
    assert not is_signed(b"another", "hello.mp3", query)
    assert not is_signed(SECRET, "hello.mp3", {**query, EXPIRES: "9" * 5_000})


def test_a_part_that_decides_nothing_may_be_added() -> None:
    assert is_signed(SECRET, "hello.mp3", {**_signed({"text": "Hello"}, 5), "_": "17"})


def test_the_secret_follows_from_the_key() -> None:
    assert secret_of("a-key-of-the-owner") == secret_of("a-key-of-the-owner") != secret_of("another-key")
