"""The grammar of voice expressions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.errors import UnknownVersionError
from kokoro_wyoming.releases import VERSIONS
from kokoro_wyoming.voices.blends import MAX_PARTS, BlendError, Expression, Part, is_plain, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("af_heart", Expression((Part("af_heart"),))),
        ("af", Expression((Part("af"),))),
        ("af_heart(2)+am_michael", Expression((Part("af_heart", 2.0), Part("am_michael")))),
        ("af_bella+af_sky@1.1", Expression((Part("af_bella"), Part("af_sky")), 1.1)),
        (" af_bella ( .5 ) + af_sky @ 2 ", Expression((Part("af_bella", 0.5), Part("af_sky")), 2.0)),
        ("v0.19/af_bella", Expression((Part("af_bella"),), None, "v0.19")),
        ("0.19/af_bella@0.5", Expression((Part("af_bella"),), 0.5, "v0.19")),
        ("af_sky(3)", Expression((Part("af_sky"),))),
        ("af_sky+af_sky(2)", Expression((Part("af_sky"),))),
        ("af_sky+af_bella+af_sky(2)", Expression((Part("af_sky", 3.0), Part("af_bella")))),
    ],
)
def test_an_expression_has_its_parts_speed_and_release(text: str, expected: Expression) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "character", "told"),
    [
        ("", 1, "name of a voice"),
        ("+af_sky", 1, "name of a voice"),
        ("af_sky+", 8, "name of a voice"),
        ("af_sky af_bella", 8, '"\\+", "@" or the end'),
        ("af_sky(2", 9, '"\\)"'),
        ("af_sky()", 8, "a weight"),
        ("af_sky(-1)", 8, "a weight"),
        ("af_sky(nan)", 8, "a weight"),
        ("af_sky(0)", 8, "a weight is from 0.001 to 1000"),
        ("af_sky(1e9)", 9, '"\\)"'),
        ("af_sky(" + "9" * 200 + ")", 8, "a weight is from"),
        ("af_sky@", 8, "a speed"),
        ("af_sky@3", 8, "a speed is from 0.5 to 2"),
        ("af_sky@1.1+af_bella", 11, "the end"),
        ("af_sky@1@1", 9, "the end"),
        ("af_bella+v1.0/af_heart", 10, "one release"),
        ("v1.0/v1/af_heart", 6, "one release"),
        ("../etc/passwd", 1, "name of a voice"),
        ("+".join(["af_a"] * (MAX_PARTS + 1)), 41, "at most 8"),
        ("_hidden", 1, "name of a voice"),
    ],
)
def test_an_error_names_the_character(text: str, character: int, told: str) -> None:
    with pytest.raises(BlendError, match=f"{told}.*at character {character},"):
        parse(text)


def test_an_endless_expression_is_refused() -> None:
    with pytest.raises(BlendError, match="has 100000"):
        parse("+" * 100_000)
    with pytest.raises(BlendError, match="at most 64"):
        parse("a" * 65)


def test_an_unknown_release_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownVersionError, match=r"v2.*v1\.0, v0\.19 or v1\.1-zh"):
        parse("v2/af_heart")


_PART = st.builds(
    Part, st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True), st.integers(1, 1_000_000).map(lambda n: n / 1000)
)


@given(
    st.lists(_PART, min_size=2, max_size=MAX_PARTS, unique_by=lambda part: part.name),
    st.none() | st.integers(50, 200).map(lambda n: n / 100),
    st.none() | st.sampled_from(VERSIONS),
)
def test_an_expression_s_text_parses_to_the_same_expression(
    parts: list[Part], speed: float | None, version: str | None
) -> None:
    expression = Expression(tuple(parts), speed, version)
    if len(str(expression)) <= 256:
        assert parse(str(expression)) == expression
        assert parse(expression.name).parts == expression.parts


@given(st.text(alphabet="af_b+@()./ 0123456789v-é", max_size=40) | st.text(max_size=300))
def test_any_text_is_an_expression_or_an_expected_error(text: str) -> None:
    try:
        expression = parse(text)
    except (BlendError, UnknownVersionError):
        return
    assert 1 <= len(expression.parts) <= MAX_PARTS
    assert all(is_plain(part.name) and part.weight > 0 for part in expression.parts)
    assert parse(str(expression)) == expression
