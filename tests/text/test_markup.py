"""Markup is read as a person would read it, however it arrives, and what is no markup stays."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kokoro_wyoming.text import marks
from kokoro_wyoming.text.cleaning import clean
from kokoro_wyoming.text.markup import Markup, lines
from kokoro_wyoming.text.splitting import MarkupOptions, SentenceSplitter
from tests.examples import examples

WORD = marks.said("tomato", "phonemes", "təmˈɑtoʊ")
WEB = marks.named("{}", marks.WEB_ADDRESS)

EXAMPLES = [
    # emphasis
    ("**Done.** The *lamp* is off", "Done. The lamp is off"),
    ("***Very*** __loud__ and _soft_", "Very loud and soft"),
    ("in**ter**nal", "internal"),
    ("~~old~~ new ==marked==", "old new marked"),
    ("**Note:**no blank", "Note:no blank"),
    ("这是**重点**内容", "这是重点内容"),
    ("**Temperature**: 21°", "Temperature: 21°"),
    ("a **never closed", "a never closed"),
    ("<ruby>漢<rp>(</rp><rt>かん</rt>字<rt>じ</rt><rp>)</rp></ruby>です", "漢字（かんじ）です"),
    ("<ruby class='x'>汉<rt>hàn</ruby>字", "汉字"),
    ("<ruby>A<rt>エー</rt></ruby>です", "エーです"),
    (f"Use the <ruby> tag. {'word ' * 50}now", f"Use the tag. {'word ' * 50}now"),
    # no emphasis
    ("snake_case a_b_c __init__x", "snake_case a_b_c init__x"),
    ("2 * 3, 2*3, 2**3 and x**2", "2 * 3, 2*3, 2**3 and x**2"),
    ("C# #1 ~5 $HOME", "C# #1 ~5 $HOME"),
    ("x < y, 5 > 3, a == b, i <= 9", "x < y, 5 > 3, a == b, i <= 9"),
    ("[sic] (see below) {x}", "[sic] (see below) {x}"),
    ("#hashtag and @home", "#hashtag and @home"),
    ("I <3 List<String>", "I <3 List<String>"),
    ("AT&T, R&D; 5 & 6", "AT&T, R&D; 5 & 6"),
    ("C:\\Users and \\*stars\\*", "C:\\Users and *stars*"),
    ("--help and well-known -5", "--help and well-known -5"),
    ("array[1][2]", "array[1][2]"),
    ("light.living_room and Node.js", "light.living_room and Node.js"),
    ("3.5 and v1.2.3, e.g. this", "3.5 and v1.2.3, e.g. this"),
    # headings, lists, quotes, rules, tasks
    ("# Weather\nSunny", "Weather\nSunny"),
    ("###### Deep\n## Deeper", "Deep\nDeeper"),
    ("- milk\n* eggs\n+ bread\n• tea", "milk\neggs\nbread\ntea"),
    ("- a\n  - b\n    - c", "a\nb\nc"),
    ("1. Mix\n2) Bake", "1: Mix\n2: Bake"),
    ("23.", "23."),
    ("- [ ] call\n- [x] write\n1. [X] post", "call\nwrite\n1: post"),
    ("> He said\n>> this", "He said\nthis"),
    ("One\n\n---\n\nTwo\n***\nThree\n===", "One\nTwo\nThree\n"),
    ("- **Milk**: 2 l", "Milk: 2 l"),
    ("Title\r\n\r\nText", "Title\nText"),
    (
        "A line that some program has wrapped at its seventieth column\nand that goes on here",
        "A line that some program has wrapped at its seventieth column and that goes on here",
    ),
    (
        "A line that some program has wrapped at its seventieth column\n- an item",
        "A line that some program has wrapped at its seventieth column\nan item",
    ),
    # tables
    ("| Room | Heat |\n|---|:-:|\n| Hall | 19 |", "Room, Heat\nHall, 19"),
    ("| a | | b |", "a, b"),
    ("| **a** | `b` |\nAfter", "a, b\nAfter"),
    ("Weather | Today", "Weather, Today"),
    # code
    ("Run `ls *.py | wc` now", "Run ls *.py | wc now"),
    ("```python\nprint(**x)\n```\nDone", "print(**x)\nDone"),
    ("~~~\na\n~~~", "a\n"),
    ("```\nnever **closed", "never **closed"),
    ("use `never closed **x", "use never closed **x"),
    ("don`t", "don't"),
    # links, images, notes
    ("See [the docs](https://a.example/x_y_z).", "See the docs."),
    ('[a](b "title") and [c](<d e>)', "a and c"),
    ('[a]( b ) and [c]( "a title" )', "a and c"),
    ("[Foo](https://en.wikipedia.org/wiki/Foo_(bar))!", "Foo!"),
    ("![A cat](cat.png) sleeps", "A cat sleeps"),
    ("[![Badge](i.svg)](https://a.example) ok", "Badge ok"),
    ("[**bold** link](x)", "bold link"),
    ("[text][ref] and [text][]", "text and text"),
    ("As said[^1].\n[^1]: By whom", "As said.\nBy whom"),
    ("[docs](/docs/) and [home](/a/b/)", "docs and home"),
    ("[never closes", "[never closes"),
    ("[a](never closes", "[a](never closes"),
    # pauses and phonemes
    ("Wait [pause:1.5s] go", f"Wait {marks.pause(1.5)} go"),
    ("[pause:500ms][pause:2]", marks.pause(0.5) + marks.pause(2)),
    ("[pause:11] [pause:-1] [pause:x]", "[pause:11] [pause:-1] [pause:x]"),
    ("A [tomato](/təmˈɑtoʊ/).", f"A {WORD}."),
    ("[**tomato**](/təmˈɑtoʊ/)", WORD),
    ("[🎉](/təmˈɑtoʊ/)", marks.said("🎉", "phonemes", "təmˈɑtoʊ")),
    (f"[x](/{'ə' * 201}/)", "x"),
    # HTML
    ("a<br>b<br/>c", "a\nb\nc"),
    ("<p>Hello <b>you</b></p><ul><li>x</li></ul>", "Hello you\nx\n"),
    ('<a href="https://a.example">Link</a>', "Link"),
    ('<img src="a.png" alt="A dog">', "A dog"),
    ("H<sub>2</sub>O", "H2O"),
    ("Fish &amp; chips &lt;3 &#8364;5&nbsp;now", "Fish & chips <3 €5\xa0now"),
    ("seen <!-- unseen --> seen", "seen seen"),
    ("<tr><td>a</td><td>b</td></tr>", "a, b\n"),
    ("&#xE000;forged", "forged"),
    ("क्&zwj;ष क्&zwnj;ष", "क्\u200dष क्\u200cष"),
    ("it&rsquo;s &shy;so", "it's so"),
    # addresses
    ("Go to https://www.example.com/path?x=1.", f"Go to {WEB.format('example.com')}."),
    ("www.example.org, example.com/x", f"{WEB.format('example.org')}, example{WEB.format('.com')}"),
    ("**https://a.example/b_c**", WEB.format("a.example")),
    ("<https://a.example>", WEB.format("a.example")),
    ("Mail bob@example.com!", f"Mail bob{WEB.format('@example.com')}!"),
    ("mailto:jo.doe@a.example", f"jo{WEB.format('.doe')}{WEB.format('@a.example')}"),
    ("http://192.168.1.10:8123", WEB.format("192.168.1.10")),
    ("请访问https://example.com/x查看", f"请访问{WEB.format('example.com')}查看"),
    (
        "A line that some program has wrapped at its seventieth column\nhttps://a.example",
        f"A line that some program has wrapped at its seventieth column {WEB.format('a.example')}",
    ),
    ("See https://example.com\nNext", f"See {WEB.format('example.com')}\nNext"),
    # signs
    ("Wow!!!! What?!?! Hmm......", "Wow! What?! Hmm…"),
    ("a -- b --- c – d—e", "a — b — c — d—e"),
    ("10–20 and 5 - 3, Monday - Friday", "10–20 and 5 - 3, Monday — Friday"),
    ("Settings → Devices -> Add", "Settings, Devices, Add"),
    ("„Hi‟ “there”", "“Hi“ “there”"),
    ("/\\_/\\ ====== ######", " "),
    ("┌──┐\n│hi│\n└──┘", " \n hi \n "),
    ("𝐁𝐨𝐥𝐝", "Bold"),
    # emoji
    ("Done! 🎉🎉 Next", "Done! Next"),
    ("👨‍👩‍👧 hi 👋🏽 1️⃣ ❤️", "hi 1 "),
    ("✅ Lights off", "Lights off"),
]


def read(*chunks: str, name_emoji: bool = False) -> str:
    markup = Markup(name_emoji=name_emoji)
    return "".join(markup.add(clean(chunk)) for chunk in chunks) + markup.finish()


@pytest.mark.parametrize(("text", "said"), EXAMPLES, ids=[text[:30] for text, _ in EXAMPLES])
def test_markup_is_read_as_a_person_would_read_it(text: str, said: str) -> None:
    assert read(text).split() == said.split()
    lines = [line for line in read(text).split("\n") if line.strip()]
    assert len(lines) == sum(bool(line.strip()) for line in said.split("\n"))


_SIGNS = "*_~`[]()<>!#|-=+&@.:/\\ \n\n1aAé好🎉"
_BITS = st.sampled_from([*(text for text, _ in EXAMPLES), *_SIGNS, "pause:1", "http://", "www."])
MARKED = st.one_of(st.lists(_BITS, max_size=12).map("".join), st.text(max_size=60))


@examples(120)
@given(MARKED, st.lists(st.integers(0, 10_000), max_size=6))
def test_chunk_borders_never_change_what_is_read(text: str, borders: list[int]) -> None:
    edges = [0, *sorted(border % (len(text) + 1) for border in borders), len(text)]
    assert read(*(text[begin:end] for begin, end in pairwise(edges))) == read(text) == read(*text)


@examples(120)
@given(st.text(st.sampled_from("abcdßé好は *_~#>|-+=![](\\.,?!\n\n"), max_size=300))
def test_no_letter_is_lost_to_signs(text: str) -> None:
    assume("~~~" not in text and "](" not in text)
    letters = [one for one in text if one.isalpha()]
    assert [one for one in read(text) if one.isalpha()] == letters


@pytest.mark.parametrize(
    "begun", ["**", "[", "[a](", "![", "<a href='", "<!--", "`", "&", "https://", "\\", "1. ", "|"]
)
def test_what_never_closes_is_held_back_for_a_bounded_time_and_then_said(begun: str) -> None:
    markup = Markup()
    given = markup.add(begun + "word " * 600)
    assert given.count("word") > 150
    assert given.count("word") + markup.finish().count("word") == 600


@pytest.mark.parametrize("bit", [*"*[(<`.|h🎉", "![", "[a](", "<!--", "<a ", "&#", "a@", "a.b", "1.", "- "])
def test_no_text_is_read_again_and_again(bit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    take = lines.LineReader._take

    def counted(self: lines.LineReader, character: str) -> None:
        nonlocal steps
        steps += 1
        take(self, character)

    monkeypatch.setattr(lines.LineReader, "_take", counted)
    text = (bit * 4_000)[:4_000]
    read(text)
    assert steps <= 4 * len(text)


def test_emoji_are_marked_if_wanted() -> None:
    assert read("Yes 👍🏽!", name_emoji=True).split() == ["Yes", *marks.named("👍🏽", marks.EMOJI).split(), "!"]


def test_text_is_left_as_written_if_wanted() -> None:
    splitter = SentenceSplitter(markup=MarkupOptions(enabled=False))
    assert [*splitter.add("# **Hi** 🎉 [a](b)\x00"), *splitter.finish()] == ["# **Hi** 🎉 [a](b)"]


def test_nobody_can_forge_a_mark() -> None:
    assert not marks.ALL & set(read(marks.pause(9) + "&#xe000;pause 9&#57345;"))
