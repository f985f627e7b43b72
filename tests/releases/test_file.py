"""A release's file is read as strictly as the settings, and says of each mistake where it is and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from kokoro_wyoming import config, releases
from kokoro_wyoming.errors import ConfigError, UnknownVersionError
from kokoro_wyoming.languages import TAGS, language_name, match_language, match_own_language, tags
from kokoro_wyoming.pronunciation.normalization import _normalizer, as_words
from kokoro_wyoming.releases.file import read_release
from kokoro_wyoming.voices.blends import parse
from kokoro_wyoming.voices.catalogue import voice_label, voice_language
from tests.stand_ins.german_release import RELEASE


def _folder(home: Path, text: str = RELEASE, name: str = "german") -> Path:
    folder = home / "models" / name
    folder.mkdir(parents=True)
    (folder / "release.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_releases_of_this_program_describe_themselves_by_the_same_values() -> None:
    new, old, chinese = map(releases.described, releases.VERSIONS)
    assert new.tags == TAGS
    assert (new.pack_rows, new.phonemes_of_row_0, new.longest_phonemes) == (510, 1, 510)
    assert (old.pack_rows, old.phonemes_of_row_0, old.longest_phonemes) == (511, 0, 510)
    assert [one.title for one in (new, old, chinese)] == ["Kokoro v1.0", "Kokoro v0.19", "Kokoro v1.1-zh"]
    assert (chinese.folder, chinese.tags, chinese.max_phonemes) == ("v1_1_zh", ("zh-CN", "en-US", "en-GB"), 183)
    assert [version for version in releases.VERSIONS if releases.is_older(version)] == ["v0.19"]
    assert [version for version in releases.VERSIONS if releases.is_described(version)] == ["v1.1-zh"]
    for spelling in ("v1.1-zh", "1.1", "V1_1-ZH", "kokoro-v1.1-zh", "Kokoro v1.1-zh", "v1_1_zh"):
        assert releases.match_version(spelling) == "v1.1-zh"
    assert [language.letter for language in new.languages] == [*"abefhijpz"]


def test_a_release_is_its_values(tmp_path: Path) -> None:
    release = read_release(_folder(tmp_path) / "release.yaml")
    (german,) = release.languages
    assert (release.name, release.folder, release.title) == ("german", "german", "Kokoro German 0.3")
    assert (release.weights, release.config, release.vocabulary) == (("german.pth",), "config.json", None)
    assert (release.pack_rows, release.phonemes_of_row_0, release.max_phonemes) == (510, 1, 400)
    assert (german.name, german.letter, german.texts) == ("German", "d", ("Alles ist bereit.",))
    few = RELEASE + "voices: {rows: 200, first_row: 0}\n"
    assert read_release(_folder(tmp_path, few, "few") / "release.yaml").max_phonemes == 199


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("label: Kokoro German", "label: A/B"), "release.yaml:1: label: `A/B` has a sign in it"),
        (("label: Kokoro German\n", ""), "release.yaml: label: is missing"),
        (("licence:", "license:"), "release.yaml:4: license: is not a value of a release; did you mean `licence`?"),
        (("url: https://example.org/german", "url: here"), "attribution.url: `here` is not an address"),
        (("file: german.pth", "file: ../german.pth"), "weights.file[0]: `../german.pth` is not the name of a file"),
        (("german.pth}", "german.pth, sha256: abc}"), "weights.sha256: `abc` is not a SHA-256"),
        (("espeak:de", "piper:de"), "languages.de-DE.g2p: `piper:de` is no G2P: write espeak:LANGUAGE"),
        (("espeak:de", "command: 'a"), "has an open quotation"),
        (("best_voice", "best"), "languages.de-DE.best: is not a value of a release (g2p, texts,"),
        (("de-DE:", "german:"), "release.yaml:8: languages.german: `german` is not a language tag, such as de-DE"),
        (("df_anna", "df/anna"), "is not the name of a voice"),
        (("texts: Alles ist bereit.", "texts: []"), "languages.de-DE.texts: is empty"),
        (("config: config.json", "voices: {rows: 1, first_row: 2}"), "voices.first_row: `2`"),
        (("config: config.json", "limits: {phonemes: many}"), "limits.phonemes: `many` should be a whole number"),
        (("config: config.json", "config: &a config.json"), "anchors (&) and aliases (*) are refused"),
        (("languages:", "languages:\n  nl-NL: {g2p: espeak:nl, letter: d, texts: Klaar.}"), "has the letter d twice"),
    ],
)
def test_a_mistake_names_its_place_and_what_is_right(wrong: tuple[str, str], told: str, tmp_path: Path) -> None:
    assert wrong[0] in RELEASE
    folder = _folder(tmp_path, RELEASE.replace(*wrong))
    with pytest.raises(ConfigError) as refused:
        read_release(folder / "release.yaml")
    assert told in str(refused.value)
    assert str(folder) in str(refused.value)
    releases.find(folder.parent)
    assert told in releases.refused(folder.parent)["german"]
    with pytest.raises(UnknownVersionError, match="'german' cannot be used"):
        releases.match_version("german")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("German!", RELEASE, "is no name for a release"),
        ("v1_0", RELEASE, "the name of a release of this program"),
        ("kokoro", RELEASE, "the name of a release of this program (v1.0)"),
        ("1.0", RELEASE, "the name of a release of this program (v1.0)"),
        ("v1.1", RELEASE, "the name of a release of this program (v1.1-zh)"),
        ("other", RELEASE.replace("Kokoro German", "kokoro"), "its label 'kokoro' is that of v1.0 already"),
        ("other", RELEASE.replace("Kokoro German", "Kokoro 1.0"), "its label 'Kokoro 1.0' is that of v1.0 already"),
        ("other", RELEASE.replace("Kokoro German", "v019"), "its label 'v019' is that of v0.19 already"),
    ],
)
def test_a_release_cannot_take_the_place_of_another(name: str, text: str, told: str, tmp_path: Path) -> None:
    releases.find(_folder(tmp_path, text, name).parent)
    assert releases.names() == releases.VERSIONS
    assert told in releases.refused(tmp_path / "models")[name]


def test_a_found_release_is_known_by_its_name_and_label_with_its_languages_until_it_goes(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    assert match_language("de") is None
    releases.find(folder.parent)
    for spelling in ("german", "German", "Kokoro German", "kokoro-german"):
        assert releases.match_version(spelling) == "german"
    assert releases.other_versions("v1.0") == ("v0.19", "v1.1-zh", "german")
    with pytest.raises(UnknownVersionError, match=r"use v1\.0, v0\.19, v1\.1-zh or german"):
        releases.match_version("dutch")
    for spelling in ("de", "de-AT", "DE_de", "german"):
        assert match_language(spelling) == "de-DE"
    assert tags() == (*TAGS, "de-DE")
    assert language_name("de-DE") == "German"
    assert str(parse("german/df_anna@0.9")) == "german/df_anna@0.9"
    assert voice_label("df_anna", "german") == "* Anna (German, female)"
    assert voice_label("karla", "german") == "Karla (German)"
    assert voice_language("af_heart", "german") == "de-DE"  # by the name of the voice that it was trained from
    assert voice_language("df_anna") is None
    (folder / "release.yaml").unlink()
    releases.find(folder.parent, keep="german")
    assert "german" in releases.names()
    releases.find(folder.parent)
    assert releases.names() == releases.VERSIONS
    assert match_language("de") is None


def test_two_found_releases_never_share_a_name_or_a_label(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    _folder(tmp_path, RELEASE.replace("Kokoro German", "german"), "other")
    _folder(tmp_path, RELEASE, "third")
    releases.find(folder.parent)
    assert set(releases.names()) - {*releases.VERSIONS} == {"german"}
    for name in ("other", "third"):
        assert "is that of german already" in releases.refused(folder.parent)[name]


def test_who_still_speaks_by_a_release_that_went_knows_its_values(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    releases.find(folder.parent)
    (folder / "release.yaml").unlink()
    releases.find(folder.parent)
    assert releases.described("german").attribution.name == "A stand-in"
    with pytest.raises(UnknownVersionError):
        releases.match_version("german")


@pytest.mark.parametrize("tag", ["fy-NL", "cs-CZ", "ru-RU", "uk-UA", "tlh-US"])
def test_a_language_without_rules_of_ours_is_put_into_words_as_far_as_cldr_knows_it(tag: str, tmp_path: Path) -> None:
    spoken = RELEASE.partition("  de-DE")[0] + f"  {tag}: {{g2p: 'espeak:nl', texts: A.}}\n"
    releases.find(_folder(tmp_path, spoken).parent)
    assert match_language(tag) == tag
    _normalizer.cache_clear()
    assert ("km" in as_words("5 km", tag)) == (tag == "tlh-US")


def test_of_very_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    many = "".join(f"  a{number}: 1\n" for number in range(2_000))
    with pytest.raises(ConfigError, match=r"^20 mistakes in") as refused:
        read_release(_folder(tmp_path, f"languages:\n{many}") / "release.yaml")
    assert len(str(refused.value)) < 10_000


def test_a_file_that_is_wrong_for_a_while_changes_nothing(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    releases.find(folder.parent)
    (folder / "release.yaml").write_text("label: ", encoding="utf-8")
    releases.find(folder.parent)
    assert releases.described("german").title == "Kokoro German 0.3"
    assert "german" in releases.refused(folder.parent)


def test_a_language_never_takes_a_spelling_of_kokoro_s_own(tmp_path: Path) -> None:
    portuguese = "pt-PT: {g2p: espeak:pt, letter: p, aliases: [pt, portugal], texts: Pronto.}"
    head, _, _ = RELEASE.partition("  de-DE")
    releases.find(_folder(tmp_path, f"{head}  {portuguese}\n").parent)
    assert [match_language(spelling) for spelling in ("pt", "pt-PT", "portugal")] == ["pt-BR", "pt-PT", "pt-PT"]
    assert language_name("pt-PT") == "European Portuguese"
    assert voice_language("pf_inês", "german") == "pt-PT"
    assert voice_language("pf_dora") == "pt-BR"


def test_a_language_has_its_own_code_where_kokoro_s_spelling_is_no_code(tmp_path: Path) -> None:
    assert [match_language(spelling) for spelling in ("uk", "en-UK", "uk-UA")] == ["en-GB", "en-GB", None]
    head, _, _ = RELEASE.partition("  de-DE")
    spoken = f"{head}  uk-UA: {{g2p: espeak:uk, texts: Готово.}}\n  pt-PT: {{g2p: espeak:pt, texts: Pronto.}}\n"
    releases.find(_folder(tmp_path, spoken).parent)
    for spelling in ("uk-UA", "uk_ua", "UK", "uk-Cyrl-UA", "Ukrainian"):
        assert match_language(spelling) == "uk-UA"
    assert [match_language(spelling) for spelling in ("en-UK", "pt-PT-ao1990", "pt-BR-x", "pt")] == [
        "en-GB",
        "pt-PT",
        "pt-BR",
        "pt-BR",
    ]
    assert [match_own_language(spelling) for spelling in ("pt-PT", "uk-UA", "de")] == ["pt-BR", None, None]
    assert [releases.described("german").like(spelling) for spelling in ("pt", "PT_BR", "en")] == [
        "pt-PT",
        "pt-PT",
        None,
    ]


def test_settings_may_name_a_release_its_voices_and_its_languages(tmp_path: Path) -> None:
    _folder(tmp_path)
    chosen = {"folders.models": str(tmp_path / "models"), "model.version": "German", "speech.language": "de"}
    loaded = config.load(None, chosen | {"speech.voices": {"de-AT": "german/df_anna"}})
    assert (loaded.model.version, loaded.speech.language) == ("german", "de-DE")
    assert loaded.speech.voices == {"de-DE": "german/df_anna"}
    releases.forget_found()
    with pytest.raises(ConfigError, match="is no Kokoro release"):
        config.load(None, chosen | {"folders.models": str(tmp_path)})
