"""Figures that English says one by one behind places, rooms and flights: ZIP codes, room 305. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Rule, Verbalizer

_STATES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana"
    "|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska"
    "|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania"
    "|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin"
    "|Wyoming"
)
_STATE_CODES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
)
_CITIES = (
    "Chicago|Houston|Phoenix|Philadelphia|San Antonio|San Diego|San Francisco|San Jose|Dallas|Austin|Seattle|Denver"
    "|Boston|Detroit|Memphis|Portland|Las Vegas|Baltimore|Milwaukee|Atlanta|Miami|Oakland|Minneapolis|Cleveland"
    "|New Orleans|Tampa|Los Angeles|Sacramento|Pittsburgh|St\\. Louis|Brooklyn|Manhattan|Honolulu"
)
_OF_PLACES = (
    "Hills|Beach|City|Park|Springs|Falls|Heights|Lake|Valley|Grove|Island|Junction|Village|Rapids|Bluffs|Harbor"
)
_PLACE = rf"(?:(?:{_CITIES}|{_STATES}|[A-Z][a-z]{{2,15}} (?:{_OF_PLACES})),?|[A-Z][a-z]{{2,15}},? (?:{_STATE_CODES}))"
_CALLED = "calls?|callers?|operators?|dispatch(?:er)?s?|emergency|emergencies|center|centre|services?"


def rules(words: Verbalizer) -> Iterator[Rule]:
    """The rules, which come before those of telephone numbers and of numbers."""

    def zip_code(found: Found) -> str:
        rest = f", {words.flight(found['rest'])}" if found["rest"] else ""
        return f"{found['place']} {words.flight(found['zip'])}{rest}"

    def room_number(number: int) -> str:
        hundreds, rest = divmod(number, 100)
        return f"{words.integer(hundreds)} {'oh ' if rest < 10 else ''}{words.integer(rest)}"

    def room(found: Found) -> str:
        number = int(found["number"])
        return f"{found['room']} {room_number(number)}" if number % 100 else found[0]

    yield (
        re.compile(
            rf"(?P<place>\b{_PLACE}) (?P<zip>[0-9]{{5}})(?:-(?P<rest>[0-9]{{4}}))?"
            r"(?![\w%°$€-]|[.,:/]?[0-9]| (?:[a-z]{3,20}s|people|men|women|children)\b)"
        ),
        zip_code,
    )
    yield (
        re.compile(
            r"\b(?P<room>[rR]oom|[sS]uite|[aA]partment|[gG]ate|[fF]light) (?P<number>[1-9][0-9]{2})"
            r"(?![\w%°$€-]|[.,:/]?[0-9])"
        ),
        room,
    )

    def episode(found: Found) -> str:
        return f"season {int(found['season'])} episode {int(found['episode'])}"

    def verses(found: Found) -> str:
        chapter, first = int(found["chapter"]), found["first"]
        begins = words.clock(chapter, int(first), 0, "") if len(first) == 2 else f"{chapter} {first}"
        return f"{begins} to {found['last']}"

    yield re.compile(r"\bS(?P<season>[0-9]{1,2}) ?E(?P<episode>[0-9]{1,3})\b"), episode
    yield (
        re.compile(
            r"(?<![\w:.,/-])(?P<chapter>[0-9]{1,3}):(?P<first>[0-9]{1,2})[-–](?P<last>[0-9]{1,3})"
            r"(?![\w:/-]|[.,][0-9]| ?[AaPp]\.?[Mm])"
        ),
        verses,
    )
    # An oven's heat, unlike room 180C.
    yield (
        re.compile(r"(?:(?<=\bto )|(?<=\bat )|(?<=\bfan )|(?<=\boven )|(?<=\bor ))([1-5][0-9][05])(?=[CF](?!\w))"),
        lambda found: f"{found[1]}°",
    )
    yield (
        re.compile(
            r"(?P<make>\bBoeing |\b[Aa] |\b[Tt]he )(?P<model>7[0-9]7)-(?P<size>[1-9]00|[89])(?![\w/-]|[.,][0-9])"
        ),
        lambda found: f"{found['make']}{room_number(int(found['model']))} {words.integer(int(found['size']))}",
    )
    yield (
        re.compile(rf"(?<![\w.,$€£-])(?P<figures>911|999|112)(?= (?:{_CALLED})(?!\w))"),
        lambda found: words.code(found["figures"]),
    )
