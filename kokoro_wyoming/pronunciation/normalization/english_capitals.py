"""English words in capitals, for the G2P spells some of them out: "TURN IT OFF", "MY car". Pure.

A row of words in capitals with a common word in it is a sentence in capitals. In it, what is not known as an
abbreviation is a word. A single one in capitals counts if it is common.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_SHORT = frozenset(
    (
        "AND ANY ARE BE BUT BY DID DO DOES DON'T FOR FROM GO HAD HAS HE HER HERE HI HIM HIS HOW IF ITS MY NO NOT NOW "
        "OF OFF OH ON OUR OUT SHE SO THAT THE THEM THEN THERE THEY THIS TO TOO UP UPON WE WHAT WHEN WHERE WHY YES "
        "YET YOU YOUR ALL AS AT ONLY NEVER ALWAYS VERY MUST WAS WERE WILL EVERY WHICH WHOSE EACH BOTH WITH BYE HEY"
    ).split()
)
"""They are seldom anything else, so that one of them alone is a word."""
_COMMON = _SHORT | frozenset(
    (
        "ABOUT ABOVE AFTER AGAIN ALERT AM AN ASK AWAY BACK BAD BATTERY BEDROOM BEFORE BELOW BEST BETWEEN BIG BRING "
        "CALL CAN CANCEL CAR CARE CHECK CLEAN CLOSE CLOSED COLD COME COMPLETE COULD DANGER DAY DOG DONE DOOR DOORS "
        "DOWN DRY EAT EMERGENCY EMPTY ENOUGH EVACUATE FIND FINE FIRE FIRST FOOD FOUND FREE FULL GARAGE GET GIVE GOOD "
        "GREAT HAPPY HAVE HEAT HELLO HELP HIGH HOME HOT HOUSE IN INTO IS IT JUST KEEP KEY KIDS KITCHEN KNOW LAST "
        "LATE LEAK LEAVE LEFT LET LIFE LIGHT LIGHTS LIKE LITTLE LIVE LOCK LOCKED LOOK LOVE LOW MAKE MAN MAY ME MORE "
        "MOST MOTION MOVE NEED NEW NEXT NICE NIGHT NOTE NOTHING OLD ONE OPEN OR OTHER OVER PEOPLE PLAY PLEASE PULL "
        "PUSH PUT READ READY REAL RED REMEMBER RIGHT ROOM RUN SAFE SAY SEE SEND SET SHOULD SHUT SLOW SMOKE SOME "
        "SOMEONE SOMETHING SOON STAY STILL STOP TAKE TELL THAN THANK THANKS THEIR THESE THING THINGS THINK THOSE "
        "TIME TODAY TOMORROW TONIGHT TRASH TRY TURN TWO UNDER UNTIL US USE WAIT WAKE WALK WANT WARNING WATCH WATER "
        "WAY WELCOME WHO WINDOW WINDOWS WORK WORLD WOULD WRONG YEAR YOU'RE IT'S I'M I'LL WE'RE CAN'T WON'T ISN'T "
        "LET'S THAT'S WHAT'S"
    ).split()
)
_ABBREVIATIONS = frozenset(
    (
        "AC AI AKA AMD AP API APP APR ASAP ATM BBC BMW BBQ CBS CCTV CD CEO CFO CIA CNN CO CPU CTO DC DHCP DIY DNA "
        "DNS DOB DVD DVR EPA ESA ESP ETA EU EV FAA FAQ FBI FDA FIFA FM FYI GB GDP GIF GMT GPS GPU HBO HD HDMI HDTV "
        "HR HTML HTTP HTTPS HVAC IBM ID IKEA IOT IP IPTV IQ IRS ISP JPEG JSON KFC LA LAN LCD LED LG LLM MB MBA MIT "
        "MP MRI MQTT MTV NAS NASA NATO NBA NBC NFC NFL NFT NHL NHS NGO NY NYC OK OLED OS PC PDF PE PHD PIN PM PNG "
        "POV PR PS PVC QR RAM RGB RIP ROM RSVP SAT SMS SOS SPF SQL SSD SSH SSL SUV TBA TBD TNT TSA TV TVS UFO UK UN "
        "UNESCO UNICEF UPS URL USA USB UTC UV VAT VHS VIP VPN VR WAN WHO'S WWF WWW XML YAML YMCA ZIP"
    ).split()
)
"""They stay as they are, in a sentence in capitals as well."""
_BEHIND_IT = "DEPARTMENT|DEPT|SUPPORT|TEAM|MANAGER|STAFF|DESK|HELPDESK|ADMIN|GUY|SECURITY|SYSTEMS|SERVICES"
_BEHIND_US = (
    "ARMY|NAVY|DOLLARS?|GOVERNMENT|PRESIDENT|SENATE|CITIZENS?|MARSHALS?|TREASURY|MAIL|STATES?|MILITARY|TROOPS|OPEN"
)
_KEPT_AS_LETTERS = re.compile(
    rf"\b(?:IT (?:{_BEHIND_IT})|US (?:{_BEHIND_US})|(?<=THE )US|(?<=[0-9] )AM|(?<=, )(?:OR|IN|ME|HI|OK|LA|PA|MA|CO))\b"
)
_WORD = re.compile(r"(?<![\w'.&/-])[A-Z][A-Z']{0,30}(?![\w'&/-]|\.[A-Za-z])")
_ROW = re.compile(
    r"(?<![\w'.&/-])[A-Z][A-Z']{0,30}(?:[ ,:;!?\"—-]{1,3}[A-Z][A-Z']{0,30}){1,200}(?![\w'&/-]|\.[A-Za-z])"
)
_ALONE = re.compile(r"\W{0,9}([A-Z]['A-Z]{1,30})\W{0,9}")


def rules() -> Iterator[Rule]:
    """In the order in which they are tried."""
    yield _ROW, _row
    yield _WORD, _single


def _row(found: Found) -> str:
    row = found[0]
    words = [*_WORD.finditer(row)]
    kept = {letters.start() for letters in _KEPT_AS_LETTERS.finditer(row)}
    if not any(word[0] in _COMMON and word.start() not in kept for word in words) or all(
        len(word[0]) == 1 for word in words
    ):
        return row
    return _WORD.sub(lambda word: word[0] if word.start() in kept else _as_word(word[0], row), row)


def _as_word(word: str, row: str) -> str:
    is_letter = len(word) == 1 and (word != "A" or row.endswith("A"))
    is_word = word in _COMMON or (len(word) > 1 and re.search("[AEIOUY]", word) and not _is_roman(word))
    return word if word in _ABBREVIATIONS or is_letter or word.startswith("I'") or not is_word else word.lower()


def _is_roman(word: str) -> bool:
    return re.fullmatch("[IVX]+", word) is not None


def _single(found: Found) -> str:
    word = found[0]
    alone = (
        _ALONE.fullmatch(found.string) is not None and word in _COMMON and word not in ("IT", "US", "OR", "IN", "ME")
    )
    is_place = found.string[: found.start()].endswith(", ") and word in ("HI", "ON", "OH", "AS")
    return word.lower() if (word in _SHORT or alone) and not is_place else word
