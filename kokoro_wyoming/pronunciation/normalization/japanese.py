"""Japanese. Numbers with their counters are read by Open JTalk (4月 shigatsu, 8分 happun), in katakana: the G2P reads
digit and counter each for itself (yongatsu, hachifun).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from kokoro_wyoming.pronunciation.normalization.furigana import said_once
from kokoro_wyoming.pronunciation.normalization.japanese_readings import READINGS
from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.units import PER
from kokoro_wyoming.pronunciation.normalization.unspaced import SEAM, Unspaced
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found
from kokoro_wyoming.pronunciation.open_jtalk import kana, words_read

_COUNTERS = (
    "年間|年生|年中|年|時間|分間|秒間|日間|週間|ヶ月間|か月間|カ月間|ヶ月|か月|カ月|ヵ月|分|秒|人前|人分|人|名|個|本|匹|台|枚|回|階|歳|才|件|度|円|つ|番目|番|冊|杯|羽"
    "|頭|軒|着|足|通|点|倍|割|号室|号|泊|曲|章|話|位|級|世|平方|立方|対"
)
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_COUNTED = (
    r"(?:(?:[0-9]{1,4}年)?[0-9]{1,2}月(?:[0-9]{1,2}日)?|[0-9]{1,2}時(?!間)(?:[0-9]{1,2}分)?(?:[0-9]{1,2}秒)?"
    rf"|[0-9]{{1,2}}日(?:中|(?!間))|{_NUMBER}(?:[百千万億兆]?(?:{_COUNTERS}|[ァ-ヴー]+)|[百千万億兆])|[0-9]{{1,12}}\.[0-9]{{1,9}})"
)
_MISREAD = (
    ("ゼロジ", "レージ"),
    ("ハチフン", "ハップン"),
    ("ハチコ", "ハッコ"),
    ("ネンチュー", "ネンジュー"),
    ("ゼロド", "レード"),
    ("ハツカ", "二十日"),
)
"""As the news say them; and the one katakana word the G2P misreads."""


_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "エー ビー シー ディー イー エフ ジー エイチ アイ ジェー ケー エル エム "
        "エヌ オー ピー キュー アール エス ティー ユー ブイ ダブリュー エックス ワイ ゼット".split(),
        strict=True,
    )
)
_LETTERS |= dict(
    zip("123456789", "ワン ツー スリー フォー ファイブ シックス セブン エイト ナイン".split(), strict=True)
)


_ROOMS = {"LDK": "エルディーケー", "SLDK": "エスエルディーケー", "DK": "ディーケー"}
_CLASSES = "イチ ニ サン ヨン ゴ ロク ナナ ハチ キュー".split()
_ADDRESS = (
    rf"(?<=[\u3400-\u9fff]{SEAM})(?<!話{SEAM})"
    r"(?P<block>[1-9][0-9]?)-(?P<lot>[0-9]{1,3})-(?P<house>[0-9]{1,3})(?![0-9-])"
)
_PLAYED = "勝|負|敗|引き分け|逆転|終|リード|快勝|辛勝|下し|制し"


class Japanese(Unspaced):
    locale = "ja_JP"
    subtracted, divided, root = "ひく", "わる", "ルート{}"
    squared, cubed, power = "{}の二乗", "{}の三乗", "{}の{}乗"
    minus, plus, equals, at, ampersand, to = "マイナス", "プラス", "イコール", "アット", "アンド", "から"
    times = by = "かける"
    number_sign, percent, dot, version = "ナンバー", "パーセント", "てん", "バージョン"
    out_of, over = "分の", "対"
    group_gap = "、"
    compared = {"~≈": "約", "±": "プラスマイナス", "<": "未満", ">": "超", "≤": "最大", "≥": "最低"}
    per_words = "[年月日週分秒人個本枚台泊回件]|時間"
    units_per = "{1}あたり{0}"
    units_per_is_own = True
    units_own = {
        **{
            "celsius": "{}度",
            "fahrenheit": "華氏{}度",
            "degree": "{}度",
            "ppm": "{}ピーピーエム",
            "ppb": "{}ピーピービー",
        },
        **{
            "rpm": "毎分{}回転",
            "watt-hour-": "{}ワット時",
            "kilowatt-hour": "{}キロワット時",
            "megawatt-hour": "{}メガワット時",
        },
        **{"volt-ampere": "{}ボルトアンペア", "ampere-hour": "{}アンペア時", "milliampere-hour": "{}ミリアンペア時"},
        **{
            "millivolt": "{}ミリボルト",
            "kilovolt": "{}キロボルト",
            "decibel": "{}デシベル",
            "decibel-milliwatt": "{}デービーエム",
        },
        **{
            "microsecond": "{}マイクロ秒",
            "millisecond": "{}ミリ秒",
            "second": "{}秒",
            "minute": "{}分",
            "hour": "{}時間",
            "day": "{}日",
        },
        **{
            "meter-per-second": "秒速{}メートル",
            "kilometer-per-hour": "時速{}キロメートル",
            "mile-per-hour": "時速{}マイル",
        },
        **{
            "lumen": "{}ルーメン",
            "hectare": "{}ヘクタール",
            "micrometer": "{}マイクロメートル",
            "kilojoule": "{}キロジュール",
        },
        **{
            "megabit/second": "毎秒{}メガビット",
            "gigabit/second": "毎秒{}ギガビット",
            "kilobit/second": "毎秒{}キロビット",
        },
        **{
            "megabyte/second": "毎秒{}メガバイト",
            "kilobyte/second": "毎秒{}キロバイト",
            "liter/minute": "毎分{}リットル",
        },
        **{f"/{each}": f"1{each}あたり{{}}" for each in "年日分秒人個本枚台泊回件"},
        **{"/月": "1か月あたり{}", "/週": "1週間あたり{}", "/時間": "1時間あたり{}"},
    }
    currencies = {
        "JPY": Currency("円", "円"),
        "CNY": Currency("元", "元"),
        "USD": Currency("ドル", "ドル"),
        "EUR": Currency("ユーロ", "ユーロ"),
        "GBP": Currency("ポンド", "ポンド"),
        "INR": Currency("ルピー", "ルピー"),
        "BRL": Currency("レアル", "レアル"),
        **{"kr": Currency("クローネ", "クローネ"), "CHF": Currency("スイスフラン", "スイスフラン")},
    }
    days = tuple(f"{name}曜 {number}" for number, name in enumerate("月火水木金土日"))
    half_is_first = True
    meridiems = {r"(?i:a\.?m\.?)": "am", r"(?i:p\.?m\.?)": "pm"}
    phones = (r"\+[0-9][0-9 ().-]{6,18}[0-9]", r"0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}")
    code_words = (
        "(?:(?:暗証|郵便|会員|予約|受付|注文|口座|追跡)番号|内線(?:番号)?|パスコード|パスワード"
        "|(?:認証|確認|セキュリティ)コード)(?:は|：|:)?"
    )
    dated = r"締め?切り?|期限|日付|発売日|予定日|誕生日"
    of_dates = "は?"
    after_dates = "です|に|から|まで|以降|頃|ごろ|締め?切|発売|開始|[(（][月火水木金土日][)）・曜]"
    version_words = "[Vv]ersion|バージョン|Core|OS|Assistant"
    abbreviations = {
        r"\b(?:vs|VS)\b\.?": "対",
        r"\bNo\. ?(?=[0-9])": "ナンバー",
        r"〒 ?(?=[0-9])": "郵便番号",
        r"(?<=[0-9]) ?cc(?!\w)": "シーシー",
        r"(?<=[0-9]) ?ch(?!\w)": "チャンネル",
        r"(?P<amount>[0-9]{1,4} ?[KMGT]B)/月": rf"月{SEAM}\g<amount>{SEAM}",
        **{rf"(?<=[1-9]){kind}(?!\w)": said for kind, said in _ROOMS.items()},
        rf"(?<![\w.,])(?P<storey>[1-5]?[0-9])F(?=$|[、。)）]|{SEAM}?(?:[のへにではをからと]|会議))": r"\g<storey>階",
        r"(?<=[0-9]) ?V ?[ /] ?(?P<amperes>[0-9]{1,3}(?:\.[0-9])?) ?A(?!\w)": r" V、\g<amperes> A",
        # Classes of a school; else 二組 is two sets.
        **{rf"(?<=年{SEAM}){number}{SEAM}組": f"{said}クミ" for number, said in enumerate(_CLASSES, 1)},
        _ADDRESS: r"\g<block>の\g<lot>の\g<house>",
        rf"(?<![\w.,:/-])(?P<won>[0-9]{{1,3}})-(?P<lost>[0-9]{{1,3}})(?={SEAM}?で(?:{_PLAYED}))": r"\g<won>対\g<lost>",
        **READINGS,
    }

    def normalize(self, text: str) -> str:
        text = _POSITIONAL.sub(lambda found: found[0].translate(_ARABIC), said_once(text))
        return super().normalize(text)

    def spelled(self, parts: Sequence[str]) -> str:
        return "".join(_LETTERS.get(part.upper(), part) for part in parts)

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        return str(number)

    def with_fraction(self, whole: str, fraction: str) -> str:
        return f"{whole}.{fraction}"

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return f"{number}番目"

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        words = f"{hour}時" + (f"{minute}分" if minute or second else "") + (f"{second}秒" if second else "")
        return f"{ {'am': '午前', 'pm': '午後', '': ''}[half] }{words}"

    def date(self, year: int | None, month: int, day: int | None) -> str:
        return (f"{year}年" if year else "") + f"{month}月" + (f"{day}日" if day else "")

    def fraction(self, over: int, under: int) -> str:
        return f"{under}分の{over}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        return f"{whole}と{self.fraction(over, under)}"

    def digits(self, written: str) -> str:
        groups = re.findall("[0-9]+", written)
        return self.group_gap.join("".join(_DIGIT_NAMES[int(digit)] for digit in group) for group in groups)

    def _padded(self, digits: str) -> str:
        return "".join(_DIGIT_NAMES[int(digit)] for digit in digits) if digits.startswith("0") else digits

    def large_numbers(self) -> Mapping[str, Large]:
        return {
            **{word: Large(word, word) for word in ("百万", "千", "万", "億", "兆")},
            "T": Large("兆", "兆"),
            **self.large_letters,
        }

    def finished(self, text: str) -> str:
        text = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", super().finished(text))
        text = super().finished(_COUNTED_NUMBER.sub(_in_kana, text))
        text = re.sub(r"(?<![0-9])(?P<under>[0-9]{1,3})分の(?P<over>[0-9]{1,3})", _parts, text)
        return _BARE_NUMBER.sub(lambda found: _in_kanji(found[0]), text)

    def _day_names(self) -> dict[str, str]:
        return {name: name if len(name) > 1 else f"{name}曜" for name in super()._day_names()}

    def own_rules_first(self) -> Iterator[Rule]:
        yield _DAYS, lambda found: "".join(_DAY_NAMES.get(letter, letter) for letter in found[0])
        yield re.compile(rf"(?<=:[0-5][0-9])[ {SEAM}]?分(?![間割別類担岐])"), lambda found: SEAM
        yield from self.rules_of_short_dates()
        yield self.rule_of_rates("[円回人件台個]", rf"{PER}(?!\w)|{self.per_words}")


_DIGIT_NAMES = ("ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー")
_DAY_NAMES = dict(zip("月火水木金土日", "ゲツ カ スイ モク キン ド ニチ".split(), strict=True))
_DAY = "[月火水木金土日]"
_DAYS = re.compile(
    rf"(?<![\u3400-\u9fff])(?<!年・)(?:{_DAY}(?:・{_DAY}){{1,6}}|{_DAY}{{3,7}}|[月火]木|[月火水]金|月水)(?![\u3400-\u66db\u66dd-\u9fff])"
)
"""Days of the week in a row: 月水金, 火・木. Two of them may be another word: 土木, 月日."""
_COUNTED_NUMBER = re.compile(rf"(?<![0-9.])(?<!分の){_COUNTED}(?:(?<![0-9])|(?![0-9]))(?!の[0-9])")
_BARE_NUMBER = re.compile(r"(?<![0-9A-Za-z.,])[0-9]{1,16}(?![0-9A-Za-z]|[.,][0-9])")
_ARABIC = str.maketrans("〇一二三四五六七八九", "0123456789")
_POSITIONAL = re.compile(
    "(?<![〇一二三四五六七八九十百千万億兆])(?=[一二三四五六七八九]{1,8}〇|[一二三四五六七八九]{4})[〇一二三四五六七八九]{2,9}"
    "(?![〇一二三四五六七八九十百千万億兆])"
)
"""A number in kanji that are put side by side like digits: 二〇二六, 一九九八."""


@lru_cache(1024)
def _in_kanji(number: str) -> str:
    """A number in kanji, which the G2P reads together with what follows, unless they are another word such as 八百.

    With zeros before it, digit by digit.
    """
    if number.startswith("0"):
        return "".join(_DIGIT_NAMES[int(digit)] for digit in number)
    kanji = "".join(word.written for word in words_read(number))
    said = _kana(number)
    return kanji if _kana(kanji) == said else said


def _parts(found: Found) -> str:
    return f"{_kana(found['under'])}ぶんの{_kana(found['over'])}"


def _in_kana(found: Found) -> str:
    return _kana(found[0])


@lru_cache(1024)
def _kana(written: str) -> str:
    """A number as it is said, in katakana."""
    read = kana(written)
    for wrong, right in _MISREAD:
        read = read.replace(wrong, right)
    return read
