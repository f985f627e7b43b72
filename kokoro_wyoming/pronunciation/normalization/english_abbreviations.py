"""English abbreviations in full. A full stop that ends the sentence as well stays. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

END = r"[\s\"'”’)\]]{0,9}$"
_STOP = rf"(?:\.(?!{END}))?"
"""The full stop of an abbreviation, unless the text ends with it."""
_NAME = r"(?= [A-ZÀ-Þ])"

_TITLES = {
    **{"Mr": "Mister", "Prof": "Professor", "Sgt": "Sergeant", "Capt": "Captain", "Lt": "Lieutenant"},
    **{"Cpl": "Corporal", "Cmdr": "Commander", "Supt": "Superintendent", "Msgr": "Monsignor", "Mt": "Mount"},
    **{"Ms": "Ms.", "Messrs": "Messieurs"},
}
"""Before a name, with a full stop or without."""
_STOPPED_TITLES = {
    **{"Col": "Colonel", "Gen": "General", "Maj": "Major", "Pvt": "Private", "Adm": "Admiral", "Rev": "Reverend"},
    **{"Hon": "Honorable", "Sen": "Senator", "Gov": "Governor", "Rep": "Representative", "Pres": "President"},
    **{"Det": "Detective", "Insp": "Inspector", "Fr": "Father", "Ft": "Fort", "Br": "Brother"},
}
"""Before a name, with a full stop alone."""

_STREETS = {
    **{"Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane", "Ct": "Court", "Pl": "Place", "Sq": "Square"},
    **{"Hwy": "Highway", "Pkwy": "Parkway", "Ter": "Terrace", "Cir": "Circle", "Expy": "Expressway", "Fwy": "Freeway"},
}
_SAINTS = frozenset(
    (
        "Agnes Albans Albert Ambrose Andrew Andrews Ann Anne Anselm Anthony Asaph Augustine Austell Barbara Barnabas "
        "Barts Basil Benedict Bernadette Bernard Bonaventure Boniface Brendan Brigid Bride Catharines Catherine "
        "Catherines Cecilia Charles Christopher Clair Clare Clement Cloud Columba Croix Cuthbert Cyr David Denis "
        "Denys Dominic Dunstan Edmund Elizabeth Elmo Elsewhere Emilion Etienne Francis Gabriel Gallen George Georges "
        "Germain Giles Gregory Helena Helens Helier Hilda Ignatius Ives James Jerome Joan John Johns Johnsbury "
        "Joseph Jude Kilda Kitts Laurent Lawrence Leger Leo Leonard Lo Louis Lucia Lucie Lucy Luke Maarten Magnus "
        "Malo Margaret Mark Marks Martin Martins Mary Marys Matthew Matthias Maurice Michael Michaels Mirren Monica "
        "Moritz Nazaire Neots Nicholas Nick Olaf Olave Pancras Patrick Paul Pauls Peter Peters Petersburg Philip "
        "Pierre Pölten Raphael Regis Rita Rose Sebastian Simon Simons Stephen Stephens Swithin Tammany Teresa "
        "Theresa Therese Thomas Tropez Ursula Valentine Valentines Veronica Victor Vincent Vitus Xavier"
    ).split()
)
_NO_STREETS = frozenset("Hello Hi Hey Dear Thanks Good The A My Our Your Ask Call See Tell Yes No Dear Sorry".split())
_COMPASS = {
    **{"N": "North", "S": "South", "E": "East", "W": "West"},
    **{"NE": "Northeast", "NW": "Northwest", "SE": "Southeast", "SW": "Southwest"},
}
_COUNTIES = (
    "Antrim|Armagh|Clare|Cork|Donegal|Down|Dublin|Durham|Fermanagh|Galway|Kerry|Kildare|Mayo|Meath|Tyrone|Wicklow"
)

_DAYS = {
    **{"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday"},
    **{"Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"},
}
_DAY = rf"(?:{'|'.join(sorted(_DAYS, key=len, reverse=True))})\b"
_MONTHS = {
    **{"Jan": "January", "Feb": "February", "Mar": "March", "Apr": "April", "Jun": "June", "Jul": "July"},
    **{
        "Aug": "August",
        "Sep": "September",
        "Sept": "September",
        "Oct": "October",
        "Nov": "November",
        "Dec": "December",
    },
}
_MONTH = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b"
_WHEN = frozenset(
    "in since until till by of from to for on every each next last this early mid late through and before after".split()
)

_SHORT = {
    **{"dept": "department", "govt": "government", "mgmt": "management", "intl": "international"},
    **{"natl": "national", "appt": "appointment", "bldg": "building", "attn": "attention", "misc": "miscellaneous"},
    **{"qty": "quantity", "pkg": "package", "assn": "association", "asst": "assistant", "incl": "including"},
    **{
        "excl": "excluding",
        "dept's": "department's",
        "yrs": "years",
        "wks": "weeks",
        "hrs": "hours",
        "mins": "minutes",
        "secs": "seconds",
        "mtg": "meeting",
        "bros": "brothers",
    },
}
"""Said in full wherever they stand, with a full stop or without, in small letters or with a capital."""
_BEFORE_FIGURE = {
    **{"vol": "volume", "vols": "volumes", "fig": "figure", "figs": "figures", "ch": "chapter", "sec": "section"},
    **{"ext": "extension", "ste": "suite", "rm": "room", "p": "page", "pp": "pages", "pt": "part"},
    **{"ver": "version", "rev": "revision", "para": "paragraph", "ed": "edition", "ep": "episode"},
    **{"op": "opus"},
}
"""Said in full before a figure, with a full stop."""
_COMPANIES = {"Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation"}


def rules() -> Iterator[Rule]:
    """In the order in which they are tried."""
    yield _words(rf"(?<![0-9] )\b({_one_of(_TITLES)})\b\.?{_NAME}", _TITLES)
    yield _words(rf"(?<![0-9] )\b({_one_of(_STOPPED_TITLES)})\.{_NAME}", _STOPPED_TITLES)
    yield re.compile(rf"\bSt\b{_STOP}"), _saint_or_street
    yield re.compile(rf"\bDr\b{_STOP}"), _doctor_or_drive
    yield re.compile(rf"\b(?:{_one_of(_STREETS)})\b{_STOP}"), _street
    street = "|".join(f"(?<={name} )" for name in ("Street", "Avenue", "Road", "Drive", "Boulevard"))
    yield _words(rf"(?:{street})(NE|NW|SE|SW|N|S|E|W)\b", _COMPASS)
    yield re.compile(rf"(?:(?<=\w )|(?<=\w, ))Jr\b{_STOP}"), lambda _: "Junior"
    yield re.compile(rf"(?:(?<=[a-z] )|(?<=[a-z], ))Sr\.(?!{END})|(?<=[a-z] )Sr\b(?! [A-Z])"), lambda _: "Senior"
    yield _words(rf"(?:(?<=[\w)] )|(?<=[\w)], ))({_one_of(_COMPANIES)})\b{_STOP}", _COMPANIES)
    yield re.compile(rf"\bCo\.(?= (?:{_COUNTIES})\b)"), lambda _: "County"
    yield re.compile(rf"(?<=[a-z] )Co\.(?!{END})|(?<=[a-z] )Co(?=\.{END}|, )|(?<=& )Co\b\.?"), lambda _: "Company"
    yield from _rules_of_the_calendar()
    yield re.compile(rf"(?<![0-9] )\b(?i:({_one_of(_SHORT)}))\b{_STOP}"), lambda found: _cased(found[1], _SHORT)
    yield (
        re.compile(rf"\b(?i:({_one_of(_BEFORE_FIGURE)}))\. ?(?=#?[0-9]|[IVX]{{2,6}}\b)"),
        (lambda found: f"{_cased(found[1], _BEFORE_FIGURE)} "),
    )
    yield (
        re.compile(r"\b([Aa])pt\b\.? (?=#?[0-9])|\b([Aa])pt\. (?=[A-Z]\b)"),
        lambda found: f"{found[1] or found[2]}partment ",
    )
    yield re.compile(r"\b([Ee])st\. (?=[12][0-9]{3}\b)"), lambda found: f"{found[1]}stablished "
    yield re.compile(r"\b([Ee])st\. (?=[a-z])"), lambda found: f"{found[1]}stimated "
    yield re.compile(r"(?<=\w )(?<![0-9] )(?:ft|feat)\. (?=[A-Z])"), lambda _: "featuring "
    yield from _rules_of_letters()
    yield re.compile(r"\bb/c(?= \w)"), lambda _: "because"
    yield re.compile(r"\bc/o(?= \w)"), lambda _: "care of"


def _rules_of_letters() -> Iterator[Rule]:
    """Winds, sharps, marks at school and sizes of batteries."""
    side = rf"({_one_of(_COMPASS)})\b"
    yield _words(rf"(?:(?<=\b[Ww]ind )|(?<=\b[Ww]inds )){side}(?! of\b)", _COMPASS)
    yield _words(rf"\b{side}(?= (?:[Ww]inds?|gusts?|breeze)\b)", _COMPASS)
    yield (
        re.compile(rf"(?<=[0-9]°) ?{side}(?=[.,;)]|$| [0-9a-z])"),
        lambda found: f" {_COMPASS[found[1]].lower()}",
    )
    yield re.compile(r"\b([A-G])#(?!\w)"), lambda found: f"{found[1]} sharp"
    yield re.compile(r"(?:(?<=\ban A)|(?<=\ba [BCD]))[-−](?=[.,;!?)]|$| (?!and|or))"), lambda _: " minus"
    yield re.compile(r"(?<![\w*])A\*(?=s?(?:[ .,;:)]|$))"), lambda _: "A star"
    sizes = {"AA": "double A.", "AAA": "triple A.", "AAAA": "quadruple A."}
    yield _words(r"\b(A{2,4})(?=[ -](?:[Bb]atter|cells?\b|alkaline|rechargeable))", sizes)


def _rules_of_the_calendar() -> Iterator[Rule]:
    between = r"(?:, ?(?:and |or )?| ?[&/] ?| ?[-–—] ?| and | or | to | through )"
    yield re.compile(rf"\b{_DAY}\.?(?:{between}{_DAY}\.?){{1,6}}"), _days
    yield _words(rf"\b({_DAY})\.?(?=,? (?:{_MONTH}\.? [0-9]|[A-Z][a-z]{{2,8}} [0-9]|[0-9]))", _DAYS)
    yield _words(rf"\b({_MONTH})\.? (?=(?:19|20)[0-9]{{2}}\b)", _MONTHS, " ")
    yield re.compile(rf"(?<=[a-z] )(?P<name>{_DAY}|{_MONTH})(?P<stop>\.?)"), _day_or_month


def _one_of(words: Mapping[str, str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


def _words(pattern: str, words: Mapping[str, str], after: str = "") -> Rule:
    return re.compile(pattern), lambda found: words[found[1]] + after


def _cased(written: str, words: Mapping[str, str]) -> str:
    said = words[written.lower()]
    return said.capitalize() if written[0].isupper() else said


def _before(found: Found) -> str:
    """The word before it, if only a blank stands between them; else nothing."""
    words = re.search(r"([\w'’-]{1,30}) $", found.string[max(0, found.start() - 31) : found.start()])
    return words[1] if words else ""


def _behind(found: Found) -> str:
    """The capitalised word behind it, if only a blank stands between them; else nothing."""
    words = re.match(r" ([A-ZÀ-Þ][^\W\d_]{0,30})", found.string[found.end() : found.end() + 33])
    return words[1] if words else ""


def _names_a_street(word: str) -> bool:
    is_name = word[:1].isupper() and not word.endswith(("'s", "’s"))
    return (is_name and word not in _NO_STREETS) or re.fullmatch(r"[0-9]{1,3}(?:st|nd|rd|th)", word) is not None


def _saint_or_street(found: Found) -> str:
    before, behind = _before(found), _behind(found)
    if behind and (behind in _SAINTS or not _names_a_street(before)):
        return "Saint"
    return "Street" if _names_a_street(before) or (before and "." in found[0]) else found[0]


def _doctor_or_drive(found: Found) -> str:
    before, behind = _before(found), _behind(found)
    has_number = re.search(
        r"(?<![\w.])[0-9]{1,5} (?:\w+ ){1,3}$", found.string[max(0, found.start() - 40) : found.start()]
    )
    if _names_a_street(before) and (has_number or not behind):
        return "Drive"
    return "Doctor" if behind or "." in found[0] else found[0]


def _street(found: Found) -> str:
    name = found[0].rstrip(".")
    is_word = (name == "Ave" and _behind(found) == "Maria") or (
        name in ("Ct", "Pl", "Ter", "Cir") and "." not in found[0]
    )
    is_street = _names_a_street(_before(found)) or (
        name == "Hwy" and found.string[found.end() : found.end() + 1] == " "
    )
    return _STREETS[name] if is_street and not is_word else found[0]


def _days(found: Found) -> str:
    said = re.sub(rf"({_DAY})\.?", lambda day: _DAYS[day[1]], found[0])
    said = re.sub(r" ?[-–—] ?", " to ", said.replace("/", " and "))
    is_end = found[0].endswith(".") and not found.string[found.end() :].strip()
    return said + ("." if is_end else "")


def _day_or_month(found: Found) -> str:
    """A day or month behind a word such as "on". "Sat", "May" and "Jan" without a full stop may be words and names."""
    name, stop = found["name"], found["stop"]
    is_sure = stop or name in ("Tue", "Tues", "Wed", "Thu", "Thur", "Thurs", "Fri")
    if not is_sure or _before(found).lower() not in _WHEN:
        return found[0]
    return {**_DAYS, **_MONTHS}[name] + _end(found)


def _end(found: Found) -> str:
    """The full stop, if it ends the text as well."""
    return found["stop"] if not found.string[found.end() :].strip(" \"')”’") else ""
