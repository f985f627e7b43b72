"""Web and mail addresses: a person says the host with its dots, and not the path."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.text.marks import WEB_ADDRESS, named
from kokoro_wyoming.text.markup.found import Found, as_text

_HOST_CHARS = 253
"""The longest name that DNS has."""
_SCHEMES = ("http://", "https://", "ftp://", "www.", "mailto:")
_LETTERS = "A-Za-z0-9\u00c0-\u024f"
_IN_HOST = re.compile(rf"[{_LETTERS}.\-]")
"""Latin letters only, as a Chinese or Japanese sentence goes on right behind an address."""
IN_PATH = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-%=&#+@$/")
PERHAPS_IN_PATH = frozenset(".,;:!?'()[]*_~")
"""Signs that are part of an address if more of it follows, else the sentence's."""

_SURE_END = r"\.(?:com|org|net|edu|gov|io|dev|app|info|eu|uk|co|fr|jp|cn|br|us|ca|au|nl|pl|ch|ru|tv|ai|local|lan)"
"""Ends of names that are no words of our languages. "now.it" may be two words without a blank."""
_SURE = re.compile(rf"(?:\.[A-Za-z0-9-]+)*{_SURE_END}")
_NUMERIC = re.compile(r"(?:\.[0-9]{1,3}){3}")


_LABEL = rf"[{_LETTERS}](?:[{_LETTERS}-]{{0,61}}[{_LETTERS}])?"
_IN_PATH_CHARS, _PERHAPS_CHARS = (re.escape("".join(sorted(chars))) for chars in (IN_PATH, PERHAPS_IN_PATH))
_PATH = rf"(?:[/:?#][{_IN_PATH_CHARS}{_PERHAPS_CHARS}]*[{_IN_PATH_CHARS}]|/)?"
_WHOLE = re.compile(
    rf"(?<![{_LETTERS}.@_+-])(?:(?:(?:https?|ftp)://(?:www\.)?|www\.)(?P<host>{_LABEL}(?:\.{_LABEL}){{0,8}}){_PATH}"
    rf"|(?:mailto:)?(?P<mail>[{_LETTERS}._+-]{{1,64}}@{_LABEL}(?:\.{_LABEL}){{1,8}})"
    rf"|(?P<sure>{_LABEL}(?:\.{_LABEL}){{0,8}}?{_SURE_END})(?![{_LETTERS}-]|\.[{_LETTERS}]){_PATH})"
)


def split(text: str) -> Iterator[tuple[str, bool]]:
    """A text that has come whole, in parts: each with whether it is an address, of which only the host is given."""
    at = 0
    for found in _WHOLE.finditer(text):
        if at < found.start():
            yield text[at : found.start()], False
        yield found["host"] or found["mail"] or found["sure"], True
        at = found.end()
    if at < len(text):
        yield text[at:], False


def scheme(held: str, ended: bool) -> Found | None:
    """Judge a word that begins like "https://" or "www."."""
    begun = next((one for one in _SCHEMES if held.startswith(one)), "")
    if not begun:
        if not ended and any(one.startswith(held) for one in _SCHEMES):
            return None
        word = held if ended else held[:-1]
        return Found(word, held[len(word) :])
    if begun == "mailto:":
        return Found()
    return _host_from(held, len(begun) if "/" in begun else 0, ended)


def at_sign(held: str, ended: bool) -> Found | None:
    """Judge "@" behind a letter or digit."""
    if len(held) == 1 and not ended:
        return None
    if len(held) == 1 or not (held[1].isascii() and held[1].isalnum()):
        return as_text(held)
    return _host_from(held, 1, ended, "@")


def full_stop(held: str, ended: bool) -> Found | None:
    """Judge a full stop behind a letter or digit: it may be inside a name on the network."""
    in_word = held[-1].isascii() and (held[-1].isalnum() or held[-1] in ".-")
    if in_word and not ended and len(held) < _HOST_CHARS and held[-2:] != "..":
        return None
    word = (held if in_word and ended else held[:-1]).rstrip(".-")
    rest = held[len(word) :]
    if not word:
        return as_text(held)
    if _SURE.fullmatch(word) or _NUMERIC.fullmatch(word) or (rest == "@" and ".." not in word):
        has_path = rest[:1] == "/" and not _NUMERIC.fullmatch(word)  # "10.0.0.0/8" is a network
        return Found(named(word, WEB_ADDRESS), rest, address=has_path)
    return Found(word, rest)


def _host_from(held: str, begin: int, ended: bool, before: str = "") -> Found | None:
    """A host from `begin` on, once it has ended; `before` is said before it."""
    in_host = _IN_HOST.match(held[-1]) is not None
    if not ended and len(held) < _HOST_CHARS and (len(held) == begin or in_host):
        return None
    end = len(held) if ended and in_host else len(held) - 1
    host = held[begin:end].rstrip(".-")
    rest = held[begin + len(host) :]
    if host in ("", "www"):
        return Found(held.removesuffix(rest), rest)
    spoken = host[4:] if host.lower().startswith("www.") else host
    return Found(named(before + spoken, WEB_ADDRESS), rest, address=rest[:1] in ("/", ":", "?", "#"))
