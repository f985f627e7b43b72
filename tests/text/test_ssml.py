"""SSML: what it asks for, the law of chunks, what is told of wrong documents, and the way through a session."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES
from kokoro_wyoming.errors import PeerError
from kokoro_wyoming.pronunciation import say_as
from kokoro_wyoming.pronunciation.normalization.unspaced import SEAM
from kokoro_wyoming.text import marks
from kokoro_wyoming.text.sentences import Pause, Run, Sentence, plain
from kokoro_wyoming.text.splitting import _TIED, MarkupOptions
from kokoro_wyoming.text.ssml.reader import MAX_DEPTH, MAX_TAG_BYTES, SsmlReader, looks_like_ssml
from kokoro_wyoming.text.text_stream import TextFormat, TextOptions, TextStream
from tests.stand_ins.beep_engine import BeepEngine
from tests.stand_ins.beep_house import chunk, error_codes, kinds, open_house, start, stop, synthesize, text_of


def said(
    *chunks: str, text_format: TextFormat = "ssml", options: TextOptions | None = None
) -> list[Sentence | Pause | str]:
    """What is to be said, and the error that ends it."""
    manuscript = TextStream(text_format, options or TextOptions(clause_first=False))
    script: list[Sentence | Pause | str] = []
    try:
        for one in chunks:
            script.extend(_each(manuscript.add(one), script))
        script.extend(_each(manuscript.finish(), script))
    except PeerError as error:
        script.append(str(error))
    return script


def _each(saying: Iterable[Sentence | Pause], script: list[Sentence | Pause | str]) -> Iterable[Sentence | Pause]:
    for one in saying:
        script.append(one)
    return ()


def speak(inside: str) -> list[Sentence | Pause | str]:
    return said(f"<speak>{inside}</speak>")


def words(script: Iterable[Sentence | Pause | str]) -> list[str]:
    return [one.text for one in script if isinstance(one, Sentence)]


def test_words_are_those_between_the_tags_with_white_space_as_one_blank() -> None:
    assert speak(" Hello\n   <emphasis>dear</emphasis> <w>world</w>  ") == [plain("Hello dear world")]
    assert said("<speak/>") == said("<speak> </speak>") == said(" ") == said("") == []


@pytest.mark.parametrize(
    "document",
    [
        '<?xml version="1.0" encoding="utf-16"?>\n<speak version="1.1">Hello.</speak>',
        '\n\n  <?xml version="1.0"?><speak>Hello.</speak>\n',
        '<ssml:speak xmlns:ssml="http://www.w3.org/2001/10/synthesis"><ssml:p>Hello.</ssml:p></ssml:speak>',
        "<speak><!-- <p> --><![CDATA[Hello.]]></speak>",
        "<speak>&#72;&#x65;llo<mark name='here'/>.</speak>",
        "<speak><metadata>Not this.</metadata><audio src='a.mp3'><desc>Nor this.</desc>Hello.</audio></speak>",
    ],
)
def test_every_way_to_write_a_document_is_read(document: str) -> None:
    assert said(document) == [plain("Hello.")]


def test_markdown_is_none_here() -> None:
    (sentence,) = speak("2 &lt; 3 &amp; 3 &gt; 2")
    assert isinstance(sentence, Sentence)
    assert sentence.text == "2 < 3 & 3 > 2"


@pytest.mark.parametrize(
    ("markup", "heard"),
    [
        (MarkupOptions(), "Done! Oui , ami! a🎉-- so — it is…"),
        (MarkupOptions(emoji="name"), "Done! party popper Oui cotillons , ami! a🎉-- so — it is…"),
        (MarkupOptions(enabled=False), "Done! 🎉 Oui 🎉, ami!!! a🎉-- so -- it is....."),
    ],
)
def test_emoji_and_signs_are_read_as_in_other_text_but_where_the_document_says_how(
    markup: MarkupOptions, heard: str
) -> None:
    lang = '<lang xml:lang="fr">Oui 🎉, ami!!!</lang>'
    document = f'<speak>Done! 🎉 {lang} <say-as interpret-as="characters">a🎉--</say-as> so -- it is.....</speak>'
    script = said(document, options=TextOptions(clause_first=False, markup=markup))
    sentences = ["".join(map(_named, one.runs)) for one in script if isinstance(one, Sentence)]
    assert " ".join(sentences).split() == heard.split()


def _named(run: Run) -> str:
    return say_as.name(run, run.language or "en-US") if run.is_named else run.text


@pytest.mark.parametrize("mark", [*sorted(marks.ALL), _TIED, SEAM], ids=ascii)
@pytest.mark.parametrize("number", ["&#{};", "&#x{:x};", ""])
def test_nobody_can_bring_in_a_mark_of_our_own(mark: str, number: str) -> None:
    brought = number.format(ord(mark)) or mark
    element = (
        f"<phoneme ph='a{brought}b'>c{brought}</phoneme><sub alias='{brought}d'>e</sub><lang xml:lang='fr{brought}'/>"
    )
    script = [*said(f"Plain{brought} **text**.", text_format="text"), *speak(f"Words{brought} {element}")]
    assert "".join(words(script)) == "Plain text.Words cd"
    assert ascii(mark)[1:-1] not in ascii(script)


@pytest.mark.parametrize(
    ("mark", "seconds"),
    [
        ('<break time="1.5s"/>', 1.5),
        ('<break time="250ms"/>', 0.25),
        ("<break/>", 0.4),
        ('<break strength="x-strong"/>', 1.2),
    ],
)
def test_breaks_are_silence(mark: str, seconds: float) -> None:
    assert speak(f"One. {mark} Two.") == [plain("One."), Pause(seconds), plain("Two.")]


def test_a_break_of_no_strength_is_none() -> None:
    assert speak('One<break strength="none"/> two') == [plain("One two")]


def test_sentences_and_paragraphs_end_where_they_say_so() -> None:
    document = "<p><s>One</s><s>two</s></p><p>three</p>"
    assert speak(document) == [plain("One"), plain("two"), Pause(0.4), plain("three")]


@pytest.mark.parametrize(
    ("attributes", "rate", "gain"),
    [
        ('rate="slow"', 0.75, 1.0),
        ('rate="80%"', 0.8, 1.0),
        ('rate="+20%"', 1.2, 1.0),
        ('rate="1.3"', 1.3, 1.0),
        ('volume="+6dB"', 1.0, 1.995),
        ('volume="-6dB" pitch="high"', 1.0, 0.501),
        ('volume="silent"', 1.0, 0.0),
        ('volume="50"', 1.0, 0.5),
        ('volume="-20%" rate="x-fast"', 1.6, 0.8),
    ],
)
def test_prosody_is_pace_and_loudness_until_its_end(attributes: str, rate: float, gain: float) -> None:
    inside, after = speak(f"<prosody {attributes}>In it.</prosody> After it.")
    assert isinstance(inside, Sentence)
    assert (inside.rate, inside.gain) == pytest.approx((rate, gain), abs=0.001)
    assert after == plain("After it.")


def test_percentages_are_of_what_is_around_and_words_are_absolute() -> None:
    script = speak(
        '<prosody rate="50%">A. <prosody rate="200%">B. </prosody><prosody rate="fast">C. </prosody>D.</prosody>'
    )
    assert [one.rate for one in script if isinstance(one, Sentence)] == [0.5, 1.0, 1.25, 0.5]


def test_voices_and_languages_are_asked_for_in_their_places() -> None:
    script = said(
        '<speak xml:lang="en-GB">A. <voice name="af_sky">B. </voice><voice xml:lang="ja">C. </voice>'
        '<p xml:lang="fr-CA">D.</p></speak>'
    )
    asked = [(one.text, one.voice, one.language) for one in script if isinstance(one, Sentence)]
    assert asked == [
        ("A.", None, "en-GB"),
        ("B.", "af_sky", None),
        ("C.", "ja-JP", "ja-JP"),
        ("D.", None, "fr-FR"),
    ]


def test_words_of_another_language_stay_in_their_sentence_and_leave_its_ends_to_it() -> None:
    document = '<speak>The word <lang xml:lang="fr-FR">bonjour, ami. Ça va? 1.5</lang> is French.</speak>'
    french = [marks.said(words, "language", "fr-FR") for words in ("bonjour", "ami", "Ça va", "1.5")]
    expected = "The word {}, {}. {}? {} is French.".format(*french)
    reader = SsmlReader()
    reader.add(document)
    assert reader.text() == expected


def test_what_is_said_of_single_words_is_of_these_runs() -> None:
    (sentence,) = speak(
        '<phoneme alphabet="ipa" ph="təˈmɑːtoʊ">tomato</phoneme>, <sub alias="World Wide Web">WWW</sub>, '
        '<say-as interpret-as="date" format="dmy">1/2/2024</say-as>'
    )
    assert isinstance(sentence, Sentence)
    assert sentence.runs == (
        Run("tomato", phonemes="təˈmɑːtoʊ"),
        Run(", World Wide Web, "),
        Run("1/2/2024", say_as="date|dmy"),
    )


# What is wrong

MANY_ATTRIBUTES = " ".join(f"a{number}=''" for number in range(17))
_WRONG = [
    ("<speak>Fine. <foo/></speak>", "column 14: the element foo is not known; there are speak, p, s"),
    ("<speak>Fine.\n <break time='soon'/></speak>", "line 2, column 2: break: time must be such as 500ms or 1.5s"),
    ("<speak>Fine. <break strength='huge'/></speak>", "strength must be none, x-weak"),
    ("<speak>Fine. <prosody rate='quick'>a</prosody></speak>", "rate must be such as 80%, 1.2"),
    ("<speak>Fine. <prosody rate='0'>a</prosody></speak>", "rate must be more than nothing"),
    ("<speak>Fine. <prosody volume='11dBm'>a</prosody></speak>", "volume must be such as +6dB"),
    ("<speak>Fine. <phoneme ph='a' alphabet='x-sampa'>b</phoneme></speak>", "the alphabet must be ipa"),
    ("<speak>Fine. <phoneme>b</phoneme></speak>", "needs a ph"),
    ("<speak>Fine. <sub>b</sub></speak>", "needs an alias"),
    ("<speak>Fine. <lang>b</lang></speak>", "needs an xml:lang"),
    ("<speak>Fine. <say-as>b</say-as></speak>", "needs an interpret-as"),
    ("<speak>Fine. Tom & Jerry</speak>", "column 18: a lone & is not XML; write &amp;"),
    ("<speak>Fine. &nbsp;</speak>", "only &amp; &lt; &gt;"),
    ("<speak>Fine. <p></speak>", "p is still open"),
    ("<speak>Fine. ", "the text ended before the end of speak"),
    ("<speak>Fine. <bre", "the text ended within a tag"),
    ("<speak>Fine. </speak>More.", "everything belongs between speak's two tags"),
    ("<speak>Fine. </speak><speak>More.</speak>", "there is more than one document"),
    ("<speak>Fine. <speak>More.</speak></speak>", "speak stands once"),
    ("<speak>Fine. <p a='1' a='2'/></speak>", "duplicate attribute"),
    ("<speak>Fine. Tom &Jerry</speak>", "column 18: a lone & is not XML; write &amp;"),
    ("<speak>Fine. 3 < 4</speak>", "column 16: a lone < is not XML; write &lt;"),
    ("\n \n <speak>Fine.\nä & b</speak>", "line 4, column 3: a lone & is not XML; write &amp;"),
    (f"<speak>Fine. <p a='{'b' * 2 * MAX_TAG_BYTES}'/></speak>", "a tag or comment may have 2,000 characters"),
    ("<speak>Fine. Tom & Jerry" + " and so on" * 300 + "</speak>", "column 18: a lone & is not XML"),
    ("<speak>Fine. 1 <2" + " and so on" * 300 + "</speak>", "column 16: a lone < is not XML; write &lt;"),
    (
        "<speak>Fine. a<b" + "c" * 2 * MAX_TAG_BYTES,
        "column 15: a tag or comment may have 2,000 characters; is a < meant",
    ),
    (f"<speak>Fine. <say-as interpret-as='date'>{'1/2 ' * 200}</say-as>", "say-as has more than 500 characters"),
    (f"<speak>Fine. {'<p>' * MAX_DEPTH}", "more than 32 elements stand one in another"),
    (f"<speak>Fine. <p {MANY_ATTRIBUTES}/></speak>", "more than 16 attributes"),
]


@pytest.mark.parametrize(("document", "complaint"), _WRONG, ids=[complaint[:40] for _, complaint in _WRONG])
def test_a_document_with_a_mistake_is_not_said_in_part_and_the_mistake_is_told_with_its_place(
    document: str, complaint: str
) -> None:
    *script, error = said(document)
    # What stands behind the end of a document is read after that document was said.
    assert words(script) == (["Fine."] if document.startswith("<speak>Fine. </speak>") else [])
    assert isinstance(error, str)
    assert error.startswith("SSML, line ")
    assert complaint in error


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>',
        '<!DOCTYPE speak SYSTEM "http://example.org/a.dtd"><speak>a</speak>',
        '<?xml version="1.0"?>\n<!DOCTYPE speak><speak>a</speak>',
    ],
)
def test_document_types_and_entities_are_refused(document: str) -> None:
    (error,) = said(document)
    assert "document types and entities of your own are not read" in str(error)


def test_text_that_is_no_document_is_told_so() -> None:
    (error,) = said("Hello.")
    assert "this is not XML" in str(error)


# The law of chunks

_DOCUMENTS = st.one_of(
    st.sampled_from([document for document, _ in _WRONG if len(document) < 300]),
    st.lists(
        st.sampled_from(
            [
                "It rains. ",
                "Über dem Fluss, 3.5 Grad",
                "今日は。",
                "&amp;",
                "&#x4eca;",
                "&",
                "<",
                '<break time="1s"/>',
                "<p>A</p>",
                "<s>B</s>",
                '<lang xml:lang="fr">Ça va? Oui, merci. Et toi</lang>',
                '<prosody rate="slow">C ',
                "</prosody>",
                '<voice name="af_sky">D</voice>',
                '<say-as interpret-as="ordinal">3rd</say-as>',
                '<sub alias="E > F">G</sub>',
                '<phoneme ph="x">H</phoneme>',
                "<!-- a > b -->",
                "<![CDATA[<i>]]>",
                "<mystery/>",
                '<phoneme ph="x">H</phoneme>' * 320,
                "\u200d" * 310,
                "🎉!!",
                "</speak>",
            ]
        ),
        max_size=10,
    ).map(lambda parts: f"<speak>{''.join(parts)}</speak>"),
)

_FORMATS: list[TextFormat] = ["text", "ssml"]


@pytest.mark.slow
@given(_DOCUMENTS, st.lists(st.integers(0, 400), max_size=8), st.sampled_from(_FORMATS))
def test_chunk_borders_never_change_the_script(document: str, borders: list[int], text_format: TextFormat) -> None:
    edges = [0, *sorted(min(border, len(document)) for border in borders), len(document)]
    chunks = [document[begin:end] for begin, end in itertools.pairwise(edges)]
    whole = said(document, text_format=text_format)
    assert said(*chunks, text_format=text_format) == whole
    assert said(*document, text_format=text_format) == whole


# What is taken for SSML


@pytest.mark.parametrize(
    ("beginning", "is_ssml"),
    [
        ("<speak>", True),
        ("\n <speak version='1'>", True),
        ("<?xml version='1.0'?><speak/>", True),
        ("<spea", None),
        ("<speak", None),
        ("", None),
        ("  ", None),
        ("<speaker>", False),
        ("Hello <speak>", False),
        ("<b>Hello</b>", False),
    ],
)
def test_a_text_that_begins_with_speak_is_ssml(beginning: str, is_ssml: bool | None) -> None:
    assert looks_like_ssml(beginning) is is_ssml


def test_what_only_might_have_become_ssml_is_spoken_as_it_is_and_so_is_all_where_the_owner_says_so() -> None:
    assert words(said("<spea", text_format="text")) == ["<spea"]
    declared = TextOptions(finds_ssml=False)
    assert "".join(words(said("<speak>Hi.</speak>", text_format="text", options=declared))) == "<speak>Hi.</speak>"
    assert words(said("<speak>Hi.</speak>", text_format="ssml", options=declared)) == ["Hi."]


# Through a session


async def test_a_session_speaks_ssml_with_its_silences_volumes_and_voices() -> None:
    document = '<speak>One. <break time="500ms"/><prosody volume="soft" rate="200%">Tht.</prosody> '
    document += '<voice name="boop">Three.</voice></speak>'
    engine = BeepEngine()
    async with open_house(engine) as house:
        events = await house.ask([synthesize(document, {"name": "beep"}, text_format="ssml")])
    assert kinds(events) == ["audio-start", "audio-chunk", "audio-stop"]
    assert [(text, voice.name, voice.speed) for text, voice in engine.said] == [
        ("One.", "beep", 1.0),
        ("Tht.", "beep", 2.0),
        ("Three.", "boop", 1.0),
    ]
    # Half as loud is another letter.
    quiet = "".join(chr(ord(letter) // 2) for letter in "Tht.")
    assert text_of(events).replace("\0", "") == f"One.{quiet}Three."
    assert text_of(events).count("\0") == 50


@pytest.mark.parametrize("text_format", ["text", "ssml"])
async def test_of_a_stream_of_ssml_with_a_mistake_nothing_is_spoken(text_format: str) -> None:
    deltas = ["<sp", "eak>It rains. It po", "urs. <oh", "no/></speak>"]
    async with open_house(BeepEngine()) as house:
        events = await house.ask([start({"name": "beep"}, text_format=text_format), *map(chunk, deltas), stop()])
    assert text_of(events) == ""
    assert error_codes(events) == ["invalid-ssml"]
    assert kinds(events)[-1] == "error"


@pytest.mark.parametrize(
    "deltas",
    [
        ["<speak>It rains. It po", "urs</speak>"],
        ["<speak>It rains. It po", "urs<", "/spe", "ak", ">"],
        ["\n", " <?xml version='1.0'?>", "<speak>It rains. It pours</speak> "],
        [*f"<speak><!-- {'x > ' * 200} --><emphasis>It rains. It pours</emphasis></speak>"],
        *([*f"<speak>{' ' * blanks}It rains. It pours</speak>"] for blanks in range(229, 239)),
    ],
)
def test_a_document_is_said_at_its_end_whether_or_not_the_stream_goes_on(deltas: list[str]) -> None:
    stream = TextStream("ssml", TextOptions(clause_first=False))
    script = [list(stream.add(delta)) for delta in deltas]
    assert [plain("It rains."), plain("It pours")] in script
    assert list(stream.finish()) == []


def test_what_stands_behind_a_document_is_refused_after_it_was_said() -> None:
    stream = TextStream("ssml")
    assert list(stream.add("<speak>Fine.</speak> <!-- and ")) == [plain("Fine.")]
    assert list(stream.add("silent -->\n")) == []
    with pytest.raises(PeerError, match="there is more than one document"):
        list(stream.add("<speak>"))


async def test_a_voice_that_markup_asks_for_and_is_not_there_is_named() -> None:
    document = '<speak>One. <voice name="nobody">Two.</voice></speak>'
    async with open_house(BeepEngine()) as house:
        events = await house.ask([synthesize(document, {"name": "beep"})])
    assert text_of(events) == "One."
    assert error_codes(events) == ["unknown-voice"]
    assert "nobody" in events[-1].data["text"]


async def test_a_long_silence_is_all_there_and_takes_no_more_memory_than_a_second() -> None:
    async with open_house(BeepEngine()) as house:
        events = await house.ask([synthesize('<speak><break time="2.5s"/></speak>')])
    seconds = sum(len(event.payload or b"") for event in events) / SAMPLE_WIDTH_BYTES / SAMPLE_RATE_HZ
    assert seconds == 2.5
