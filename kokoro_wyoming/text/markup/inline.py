"""Judges held characters inside a line: emphasis, links, tags, entities. Pure: no state."""

from __future__ import annotations

import html
import re
from html.entities import html5

from kokoro_wyoming.text.cleaning import clean
from kokoro_wyoming.text.marks import pause, said
from kokoro_wyoming.text.markup import hidden
from kokoro_wyoming.text.markup.found import Found, as_text

WORDS_CHARS = 200
"""Longest text of a link; a bracket that is open for longer is a bracket."""
TARGET_CHARS = 1_000
"""Longest target of a link."""
TAG_CHARS = 500
COMMENT_CHARS = 2_000
ENTITY_CHARS = 33
"""The longest name that HTML has."""
PHONEMES_CHARS = 200
LONGEST_PAUSE_SECONDS = 10.0

_PAUSE = re.compile(r"\[pause:[ ]?([0-9]{1,5}(?:\.[0-9]{1,3})?)[ ]?(ms|s)?\]", re.IGNORECASE)
_NOTE = re.compile(r"\[\^[^\s\]]{1,40}\]")
_NUMBERS = r"\[[1-9][0-9]{0,2}(?: ?[,;–-] ?[1-9][0-9]{0,2}){0,9}\]"
_CITATION = re.compile(_NUMBERS)
_BEFORE_CITATION = frozenset(".,;:!?…)]}%\"'”’»*_`。！？」』】")
_SOURCE = re.compile(r"【[0-9A-Za-z:_-]{1,40}†[^】\n]{0,80}】")
_PERHAPS_SOURCE = re.compile(r"【(?:[0-9A-Za-z:_-]{0,40}|[0-9A-Za-z:_-]{1,40}†[^】\n]{0,80})")
_SOURCE_LIST = "cf. fonte fontes fonti fuente fuentes quelle quellen ref. refs. see source sources voir"
_SOURCE_WORDS = _SOURCE_LIST.split()
_SOURCES = re.compile(
    rf"(?i:\((?:{'|'.join(map(re.escape, _SOURCE_WORDS))})?:? ?{_NUMBERS}(?:[,;]? ?{_NUMBERS}){{0,9}}\))"
)
_PERHAPS_SOURCES = re.compile(
    rf"(?i:\((?:{'|'.join(map(re.escape, _SOURCE_WORDS))})?:? ?(?:\[[0-9 ,;–-]{{0,40}}\]?[,;]? ?){{0,10}})"
)
_PHONEMES = re.compile(rf"\(/([^/\n]{{1,{PHONEMES_CHARS}}})/\)")
_TITLE = r"(?:\"[^\"]*\"|'[^']*'|\([^()]*\))"
# Blanks are taken all at once: of a long row of them, no part is tried for one place and the rest for another.
_TARGET = re.compile(
    rf"\(\s*(?!\s)(?:(?:<[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+(?!\s){_TITLE})?|{_TITLE})\s*\)"
)
_PLAIN_TARGET = re.compile(r"\((?:https?:|data:|www\.|/)\S*")


def bracket(held: str, before: str, *, may_cite: bool) -> Found | None:
    """Judge "[" or "![" and what follows. None: it is not certain yet.

    `before` is the character before it; `may_cite` says whether it may be the number of a source for words before it.
    """
    opened = held.find("]")
    if opened < 0:
        return _inside_bracket(held)
    words, rest = held[held.index("[") + 1 : opened], held[opened + 1 :]
    if not rest:
        return _plain_form(held)
    if rest[0] == "(":
        return _target(held, words, rest)
    if may_cite and is_citation(held[: opened + 1], before) and not rest[0].isalnum():
        return Found("", rest)
    is_row = not before.strip() and rest[-1] == "]"
    if is_row and _CITATION.fullmatch(held[: opened + 1]) and _CITATION.fullmatch(rest):
        return Found()
    if rest[0] == "[" and not before.isalnum():
        if rest[-1] == "]":
            return Found(again=words)
        return as_text(held) if rest[-1] == "\n" or len(rest) > WORDS_CHARS or rest.count("[") > 1 else None
    return as_text(held)


def is_citation(held: str, before: str) -> bool:
    """Whether it is the number of a source, as "[3]" is directly behind a word or a sentence."""
    return _CITATION.fullmatch(held) is not None and (before.isalnum() or before in _BEFORE_CITATION)


def source(held: str) -> Found | None:
    """Judge "【" and what follows: ChatGPT's sign for a source."""
    if _SOURCE.fullmatch(held):
        return Found()
    return None if _PERHAPS_SOURCE.fullmatch(held) else as_text(held)


def parenthesis(held: str) -> Found | None:
    """Judge "(" and what follows, which may be nothing but numbers of sources."""
    if _SOURCES.fullmatch(held):
        return Found()
    word = held[1:].lower()
    is_open = any(one.startswith(word) for one in _SOURCE_WORDS) or _PERHAPS_SOURCES.fullmatch(held)
    return None if is_open else as_text(held)


def _inside_bracket(held: str) -> Found | None:
    is_another = held[-1] == "[" and held not in ("[", "![")
    return as_text(held) if is_another or held[-1] == "\n" or len(held) > WORDS_CHARS else None


def _plain_form(held: str) -> Found | None:
    if _NOTE.fullmatch(held):
        return Found()
    found = _PAUSE.fullmatch(held)
    if found:
        seconds = float(found[1]) / (1_000 if (found[2] or "s").lower() == "ms" else 1)
        if seconds <= LONGEST_PAUSE_SECONDS:
            return Found(pause(seconds))
    return None


def _target(held: str, words: str, rest: str) -> Found | None:
    if rest[-1] in "\n[":
        return as_text(held)
    if len(rest) > TARGET_CHARS:
        return Found(again=words) if _PLAIN_TARGET.fullmatch(rest) else as_text(held)
    if rest[-1] != ")":
        return None
    phonemes = _PHONEMES.fullmatch(rest)
    plain = words.strip("*_~` ")
    if phonemes and plain and held[0] == "[" and _are_phonemes(phonemes[1], plain):
        return Found(said(plain, "phonemes", phonemes[1]))
    if _TARGET.fullmatch(rest):
        return Found(again=words)
    return None if rest.count("(") > rest.count(")") else as_text(held)


def _are_phonemes(target: str, words: str) -> bool:
    """Whether what stands between two slashes is pronunciation, and no place on a web site such as "/docs/"."""
    if not target.isascii():
        return True
    return re.fullmatch(r"[A-Za-z ':,]+", target) is not None and target.casefold() != words.casefold()


_BLOCK_LIST = """
address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer
form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol optgroup option p pre section summary table tbody
tfoot thead title tr ul
"""
_INLINE_LIST = """
a abbr acronym audio b bdi bdo big button cite code data del dfn em font i iframe img input ins kbd label link
mark math meta meter noscript object output picture progress q rb rp rt rtc ruby s samp script select small source
span strike strong style sub sup svg textarea time track tt u var video wbr
"""
_BLOCKS, _CELLS = frozenset(_BLOCK_LIST.split()) | hidden.TAGS, frozenset(("td", "th"))
_TAGS = _BLOCKS | _CELLS | frozenset(_INLINE_LIST.split())
_FLAGS = r"checked|controls|defer|disabled|download|hidden|multiple|open|readonly|required|reversed|selected"
_TAG = re.compile(
    rf"</?([A-Za-z][A-Za-z0-9_]*)(?:\s+(?:{_FLAGS}|[\w:@.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+)))*\s*/?>"
)
_ALT = re.compile(r"\salt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9_]*)\s")
_TOKEN = re.compile(r"<\|[\w./-]{1,40}\|>")
"""What a model ends its turn with."""
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)\S+|[^\s@<>]+@[^\s@<>]+)>")


_RUBY_CHARS = 200
_RUBY = re.compile(r"<ruby(?:\s[^<>]*)?>", re.IGNORECASE)
_FALLBACK = re.compile(r"<rp>[^<>]*</rp>|</?(?:rb|rtc)>", re.IGNORECASE)
_READING = re.compile(r"([^<>]*)<rt>([^<>]*)(?:</rt>)?", re.IGNORECASE)


def angle(held: str) -> Found | None:
    """Judge "<" and what follows."""
    last = held[-1]
    ruby = _RUBY.match(held)
    if ruby:
        return _ruby(held, ruby.end())
    if held.startswith("<!-"):
        return _comment(held)
    if len(held) == 2:
        return None if last.isalpha() or last in "/!|" else as_text(held)
    if last == ">":
        return _tag(held)
    name = _NAME.match(held)
    unknown = name is not None and name[1].lower() not in _TAGS
    return as_text(held) if last == "<" or len(held) > TAG_CHARS or unknown else None


def _ruby(held: str, start: int) -> Found | None:
    """Words with their readings: in brackets where these are kana, which are said once; others are not said."""
    if not held.lower().endswith("</ruby>"):
        return Found(again=held[start:]) if len(held) > _RUBY_CHARS else None
    inside = _FALLBACK.sub("", held[start : -len("</ruby>")])
    words = "".join(word for word, _ in _READING.findall(inside))
    reading = "".join(said for _, said in _READING.findall(inside))
    if re.fullmatch("[\u3041-\u30ff]+", reading):
        words = f"{words}（{reading}）" if re.search("[\u3005\u3400-\u9fff]", words) else reading
    return Found(again=words + _READING.sub("", inside))


def _comment(held: str) -> Found | None:
    if held.endswith("-->"):
        return Found()
    is_other = len(held) > 4 and held.endswith("<!--")
    is_comment = held.startswith("<!--"[: len(held)]) and len(held) <= COMMENT_CHARS and not is_other
    return None if is_comment else as_text(held)


def _tag(held: str) -> Found:
    if held[:9].lower() == "<!doctype":
        return Found()
    if _TOKEN.fullmatch(held):
        return Found(block=True)
    link, tag = _AUTOLINK.fullmatch(held), _TAG.fullmatch(held)
    if link:
        return Found(again=link[1])
    name = tag[1].lower() if tag else ""
    if name not in _TAGS:
        return as_text(held)
    alt = _ALT.search(held) if name == "img" else None
    again = (alt[1] or alt[2] or "") if alt else ""
    return Found(again=again, block=name in _BLOCKS, cell=name in _CELLS, hides=hidden.hides(name, held))


def ampersand(held: str) -> Found | None:
    """Judge "&" and what follows; what it stands for is no markup."""
    if held[-1] == ";":
        character = html.unescape(held) if held[1:] in html5 or held[1] == "#" else held
        if character == held:
            return as_text(held)
        # `clean` drops private characters: a client could forge a mark of ours with an entity.
        return Found(clean(character))
    goes_on = held[-1].isascii() and (held[-1].isalnum() or held in ("&", "&#"))
    return None if goes_on and len(held) <= ENTITY_CHARS else as_text(held)


def emphasis_stays(run: str, before: str, after: str, is_open: bool) -> bool:
    """Whether a run of one of * _ ~ = is no markup; `before` and `after` are the characters around it, "" at an end."""
    kind, length = run[0], len(run)
    blank_before, blank_after = not before.strip(), not after.strip()
    if blank_before and blank_after:
        return length < 3
    joins = before.isalnum() and after.isalnum()
    if kind == "*":
        return _star_stays(length, before, after, is_open) if before.isalnum() else False
    if kind == "_":
        return joins
    if kind == "~":
        return length == 1
    return length < 4 and not (length == 2 and (is_open or (blank_before and after.isalnum())))


def _star_stays(length: int, before: str, after: str, is_open: bool) -> bool:
    """Whether stars behind a letter or digit multiply; else they end emphasis."""
    if is_open and not (before.isdigit() and after.isdigit()):
        return False
    if after.isalnum():
        is_number = after.isdigit() and before.isascii()
        return is_number or (length == 1 and (before + after).isascii())
    return length == 1 and before.isdigit()
