"""Hindi."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer, Rule
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_DIGITS = {0x966 + digit: str(digit) for digit in range(10)}
_UNDER_HUNDRED = """
शून्य एक दो तीन चार पाँच छह सात आठ नौ
दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस
बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस
तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस
चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास
पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ
साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर
सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी
अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी
नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे
""".split()
_LARGE = tuple(
    zip(
        (10**15, 10**13, 10**11, 10**9, 10**7, 10**5, 1000, 100),
        "पद्म नील खरब अरब करोड़ लाख हज़ार सौ".split(),
        strict=True,
    )
)
_LETTER = r"[\w\u0900-\u0963]"
_PARTS = {3: "तिहाई", 4: "चौथाई"}
_ORDINALS = dict(enumerate("पहला दूसरा तीसरा चौथा पाँचवाँ छठा".split(), 1))
_ENDINGS = {"ी": ("ी", "वीं"), "े": ("े", "वें"), "ा": ("ा", "वाँ")}
"""The vowel of a typed ordinal, and the endings of such as पहला and पाँचवाँ with it."""


_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "ए बी सी डी ई एफ़ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई ज़ेड".split(),
        strict=True,
    )
)
_LETTERS |= dict(zip("123456789", "वन टू थ्री फ़ोर फ़ाइव सिक्स सेवन एट नाइन".split(), strict=True))
_LETTERS |= {"10": "टेन", "2.5": "टू पॉइंट फ़ाइव", "2,5": "टू पॉइंट फ़ाइव", "1.0": "वन"}


class Hindi(Normalizer):
    locale = "hi_IN"
    subtracted, divided, root = "माइनस", "भाग", "{} का वर्गमूल"
    squared, cubed, power = "{} का वर्ग", "{} का घन", "{} की घात {}"
    minus, plus, equals, at, ampersand, to = "माइनस", "प्लस", "बराबर", "ऐट", "और", "से"
    times = by = "गुणा"
    number_sign, percent, dot, version = "नंबर", "प्रतिशत", "पॉइंट", "वर्शन"
    out_of, over = "में से", "बटा"
    compared = {"~≈": "लगभग", "±": "प्लस माइनस", "<": "से कम", ">": "से ज़्यादा",
                "≤": "ज़्यादा से ज़्यादा", "≥": "कम से कम"}  # fmt: skip
    months = ("फरवरी 2", "सितम्बर 9", "अक्तूबर 10", "नवम्बर 11", "दिसम्बर 12", "jan 1", "feb 2",
              "mar 3", "apr 4", "may 5", "jun 6", "jul 7", "aug 8", "sep 9", "oct 10", "nov 11", "dec 12")  # fmt: skip
    units_per = "{} प्रति {}"
    units_per_is_own = True
    units_own = {
        **{"ppm": "पार्ट्स पर मिलियन", "ppb": "पार्ट्स पर बिलियन", "rpm": "आर पी एम", "degree": "डिग्री", "bar": "बार"},
        **{
            "kilowatt-hour": "किलोवॉट घंटे",
            "watt-hour-": "वॉट घंटे",
            "megawatt-hour": "मेगावॉट घंटे",
            "volt-ampere": "वोल्ट एम्पीयर",
        },
        **{"ampere-hour": "एम्पीयर घंटे", "milliampere-hour": "मिली एम्पीयर घंटे", "milliampere": "मिली एम्पीयर"},
        **{"decibel": "डेसिबल", "decibel-milliwatt": "डी बी एम"},
        **{"byte": "बाइट", "knot": "नॉट", "kilojoule": "किलोजूल", "tonne": "टन"},
    }
    currencies = {
        "INR": Currency("रुपया", "रुपये", "पैसा", "पैसे"),
        "USD": Currency("डॉलर", "डॉलर", "सेंट", "सेंट"),
        "EUR": Currency("यूरो", "यूरो", "सेंट", "सेंट"),
        "GBP": Currency("पाउंड", "पाउंड", "पेंस", "पेंस"),
        "JPY": Currency("येन", "येन"),
        "CNY": Currency("युआन", "युआन"),
        "BRL": Currency("रियाल", "रियाल"),
        **{"kr": Currency("क्रोन", "क्रोन"), "CHF": Currency("स्विस फ़्रैंक", "स्विस फ़्रैंक")},
    }
    half_is_first = True
    meridiems = {r"(?i:a\.?m\.?)": "am", r"(?i:p\.?m\.?)": "pm"}
    phones = (
        r"\+[0-9][0-9 ().-]{6,18}[0-9]",
        r"[6-9][0-9]{4}[ -]?[0-9]{5}",
        r"0[0-9]{2,4}[ -][0-9]{6,8}",
        r"1800(?:[ -][0-9]{3,4}){2}",
        r"[2-9][0-9]{3}(?: [0-9]{4}){2}",
    )
    dotted_times_before = "बजे"
    code_words = r"(?<!\w)(?:पिन(?: कोड)?|कोड|ओटीपी|OTP|PIN|पासवर्ड|पासकोड)(?: है|:)?(?= )"
    call_words = r"(?<!\w)(?:फ़ोन(?: नंबर)?|डायल करें|कॉल करें)(?::| है)?(?= )"
    version_words = "[Vv]ersion|वर्शन|संस्करण|Core|OS|Assistant|असिस्टेंट|Supervisor"
    abbreviations = {
        r"डॉ(?:\.|॰)": "डॉक्टर",
        r"(?<![\w])(?:रु|रू)(?:\.|॰) ?(?=[0-9०-९])": "₹",
        r"कि(?:\.|॰) ?मी(?:\.|॰)?(?!\w)|(?<![\w])किमी(?!\w)": "किलोमीटर",
        r"कि(?:\.|॰) ?ग्रा(?:\.|॰)?(?!\w)|(?<![\w])किग्रा(?!\w)": "किलोग्राम",
        r"से(?:\.|॰) ?मी(?:\.|॰)?(?!\w)|(?<![\w])सेमी(?!\w)": "सेंटीमीटर",
        r"मि(?:\.|॰) ?मी(?:\.|॰)?(?!\w)|(?<![\w])मिमी(?!\w)": "मिलीमीटर",
        r"(?<![\w\u0900-\u0963])मि(?:\.|॰) ?ली(?:\.|॰)?(?![\w\u0900-\u0963])": "मिलीलीटर",
        r"(?<![\w\u0900-\u0963])मि(?:\.|॰) ?ग्रा(?:\.|॰)?(?![\w\u0900-\u0963])": "मिलीग्राम",
        r"(?<=[0-9०-९] )मि(?:\.|॰)(?![\w\u0900-\u0963])": "मिनट",
        r"(?<![\w])नं(?:\.|॰) ?(?=[0-9०-९])": "नंबर ",
        r"(?<=[0-9०-९] )(?:रु|रू)(?:\.|॰)?(?![\w\u0900-\u0963])": "रुपये",
        r"(?<![\w\u0900-\u0963])प्रो(?:\.|॰)": "प्रोफ़ेसर",
        r"(?<![\w\u0900-\u0963])सं(?:\.|॰) ?(?=[0-9०-९])": "संख्या ",
        r"(?<![\w\u0900-\u0963])पृ(?:\.|॰) ?(?=[0-9०-९])": "पृष्ठ ",
        r"(?<![\w\u0900-\u0963])ई(?:\.|॰) ?पू(?:\.|॰)?(?![\w\u0900-\u0963])": "ईसा पूर्व",
        r"\bvs\b\.?": "बनाम",
        r"(?<=[\u0904-\u0963])/(?=(?:घंटा|घंटे|सेकंड|मिनट|दिन|महीना|माह|लीटर|किलो|यूनिट)(?!\w))": " प्रति ",
    }

    def normalize(self, text: str) -> str:
        return super().normalize(text.translate(_DIGITS))

    def spelled(self, parts: Sequence[str]) -> str:
        """In the English names, as formulas are taught."""
        return " ".join(_LETTERS.get(part.upper(), part) for part in parts)

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        for size, name in _LARGE:
            if number >= size:
                rest = number % size
                return self.joined(self.integer(number // size), name, self.integer(rest) if rest else "")
        return _UNDER_HUNDRED[number]

    def bare(self, written: str, found: Found) -> str:
        return self._padded(written) if written.startswith("0") else self.integer(int(written))

    def with_fraction(self, whole: str, fraction: str) -> str:
        return self.joined(whole, "दशमलव", *(self.integer(int(digit)) for digit in fraction))

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return _ORDINALS.get(number, f"{self.integer(number)}वाँ")

    def year(self, year: int) -> str:
        """1984: nineteen hundred eighty-four."""
        if not 1100 <= year < 2000:
            return self.integer(year)
        return self.joined(self.integer(year // 100), "सौ", self.integer(year % 100) if year % 100 else "")

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        hours, minutes = self.integer(hour), self.integer(minute)
        time = f"{hours} बजकर {minutes} मिनट" if minute else f"{hours} बजे"
        if second:
            time = f"{hours} बजकर {minutes} मिनट {self.integer(second)} सेकंड"
        return f"{_part_of_day(hour, half)} {time}" if half else time

    def date(self, year: int | None, month: int, day: int | None) -> str:
        name = next(name for name, number in self.month_numbers.items() if number == month)
        return self.joined(self.integer(day) if day else "", name, self.year(year) if year else "")

    def fraction(self, over: int, under: int) -> str:
        if (over, under) == (1, 2):
            return "आधा"
        part = _PARTS.get(under, f"बटा {self.integer(under)}")
        return f"{self.integer(over)} {part}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        if (over, under) == (1, 2):
            return {1: "डेढ़", 2: "ढाई"}.get(whole, f"साढ़े {self.integer(whole)}")
        if (over, under) == (1, 4):
            return f"सवा {self.integer(whole)}"
        return f"{self.integer(whole)} सही {self.fraction(over, under)}"

    def share(self, part: int, of: int) -> str:
        return self.joined(self.integer(of), self.out_of, self.integer(part))

    def score(self, first: str, last: str) -> str:
        return self.joined(first, last)

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        return f"{whole} {self.integer(coins)} {currency.coin if coins == 1 else currency.coins}"

    def large_numbers(self) -> Mapping[str, Large]:
        typed = {word: Large(word, word) for word in ("हज़ार", "हजार", "लाख", "करोड़", "अरब")}
        lakhs = dict.fromkeys(("L", "lakh", "lakhs", "Lakh"), typed["लाख"])
        crores = dict.fromkeys(("Cr", "cr", "crore", "crores", "Crore"), typed["करोड़"])
        thousands = dict.fromkeys(("k", "K"), typed["हज़ार"])
        millions = dict.fromkeys(("M", "mn", "million"), Large("लाख", "लाख", 10))
        billions = dict.fromkeys(("B", "bn", "billion"), Large("करोड़", "करोड़", 100))
        return {**typed, **lakhs, **crores, **thousands, **millions, **billions, "T": Large("लाख करोड़", "लाख करोड़")}

    def own_rules_first(self) -> Iterator[Rule]:
        typed = r"ल(?P<one>[ाीे])|र(?P<two>[ाीे])|थ(?P<four>[ाीे])|ठ(?P<six>[ाीे])|[ -]?व(?P<many>[ाीे])[ंँ]?"
        yield re.compile(rf"(?<![\w.,:/-])(?P<number>[0-9]{{1,4}})(?:{typed})(?!{_LETTER})"), self._typed_ordinal
        month = rf"(?P<month>(?i:{self.month_pattern()}))(?!\w)[.॰]?"
        yield (
            re.compile(
                rf"(?<![\w.,:/-])(?P<day>[0-3]?[0-9]) {month}(?:,? (?P<year>[12][0-9]{{3}})(?![\w]|[.,:][0-9]))?"
            ),
            self._written_date,
        )

    def _typed_ordinal(self, found: Found) -> str:
        words = self.ordinal(int(found["number"]))
        vowel, others = _ENDINGS[next(sign for sign in found.groups()[1:] if sign)]
        return words[:-1] + vowel if words.endswith("ा") else words.removesuffix("वाँ") + others

    def own_rules(self) -> Iterator[Rule]:
        yield (
            re.compile(r"(?P<before>(?<!\w)(?:सन्?|वर्ष|साल) )(?P<year>1[1-9][0-9]{2})(?![\w]|[.,:/-][0-9])"),
            (lambda found: f"{found['before']}{self.year(int(found['year']))}"),
        )
        yield (
            re.compile(r"(?<![\w.,:/-])(?P<year>1[1-9][0-9]{2})(?= (?:में|से|तक|के|का दशक)(?!\w))"),
            lambda found: self.year(int(found["year"])),
        )

    def own_rules_last(self) -> Iterator[Rule]:
        # "14:30 बजे" was typed: the hour has its word already.
        yield (
            re.compile(r"(बजकर \S{1,16} मिनट(?: \S{1,16} सेकंड)?) बजे( (?:तक|से|के)(?!\S))?"),
            lambda found: f"{found[1]}{found[2] or ' पर'}",
        )
        yield re.compile(r"(सुबह|दोपहर|शाम|रात) \1(?= \S{1,16} बज)"), lambda found: found[1]
        yield re.compile(r"बजे बजे"), lambda found: "बजे"


def _part_of_day(hour: int, half: str) -> str:
    if half == "am":
        return "रात" if hour == 12 or hour < 4 else "सुबह"
    return "दोपहर" if hour == 12 or hour < 4 else "शाम" if hour < 8 else "रात"
