"""Mandarin Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from cn2an import an2cn

from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.unspaced import SEAM, Unspaced
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_DIGITS = "零一二三四五六七八九"
_MEASURES = (
    "个|盏|台|只|条|位|次|小时|分钟|秒|天|周|件|种|度|扇|张|本|间|辆|部|块|杯|瓶|倍|米|公里|千米|升|公斤|克|瓦"
    "|千瓦|伏|元|美元|欧元|岁|封|首"
)


class Chinese(Unspaced):
    locale = "zh_CN"
    subtracted, divided, root = "减", "除以", "根号{}"
    squared, cubed, power = "{}的平方", "{}的立方", "{}的{}次方"
    minus, plus, equals, at, ampersand, to = "负", "加", "等于", "艾特", "和", "到"
    times = by = "乘"
    number_sign, percent, dot, version = "第", "百分号", "点", "版本"
    out_of, over = "分之", "比"
    group_gap = "，"
    compared = {"~≈": "大约", "±": "正负", "<": "小于", ">": "大于", "≤": "不超过", "≥": "至少"}
    units_per = "每{1}{0}"
    units_per_is_own = True
    units_own = {
        **{
            "celsius": "{}摄氏度",
            "fahrenheit": "{}华氏度",
            "degree": "{}度",
            "kelvin": "{}开尔文",
            "percent": "百分之{}",
        },
        **{"permille": "千分之{}", "ppm": "百万分之{}", "ppb": "十亿分之{}", "rpm": "每分钟{}转"},
        **{
            "watt-hour-": "{}瓦时",
            "kilowatt-hour": "{}千瓦时",
            "megawatt-hour": "{}兆瓦时",
            "milliwatt": "{}毫瓦",
            "watt": "{}瓦",
        },
        **{
            "kilowatt": "{}千瓦",
            "megawatt": "{}兆瓦",
            "volt-ampere": "{}伏安",
            "ampere-hour": "{}安时",
            "milliampere-hour": "{}毫安时",
        },
        **{
            "milliampere": "{}毫安",
            "ampere": "{}安",
            "millivolt": "{}毫伏",
            "volt": "{}伏",
            "kilovolt": "{}千伏",
            "lux": "{}勒克斯",
        },
        **{
            "lumen": "{}流明",
            "decibel": "{}分贝",
            "decibel-milliwatt": "{}分贝毫瓦",
            "pascal": "{}帕",
            "hectopascal": "{}百帕",
        },
        **{"kilopascal": "{}千帕", "millibar": "{}毫巴", "bar": "{}巴", "micrometer": "{}微米", "millimeter": "{}毫米"},
        **{
            "centimeter": "{}厘米",
            "meter": "{}米",
            "kilometer": "{}公里",
            "square-centimeter": "{}平方厘米",
            "square-meter": "{}平方米",
        },
        **{
            "square-kilometer": "{}平方公里",
            "cubic-centimeter": "{}立方厘米",
            "cubic-meter": "{}立方米",
            "hectare": "{}公顷",
        },
        **{
            "milliliter": "{}毫升",
            "centiliter": "{}厘升",
            "deciliter": "{}分升",
            "liter": "{}升",
            "microgram": "{}微克",
        },
        **{
            "milligram": "{}毫克",
            "gram": "{}克",
            "kilogram": "{}公斤",
            "tonne": "{}吨",
            "byte": "{}字节",
            "kilobyte": "{}千字节",
        },
        **{
            "megabyte": "{}兆",
            "gigabyte": "{}G",
            "terabyte": "{}T",
            "kilobit": "{}千比特",
            "megabit": "{}兆比特",
            "gigabit": "{}吉比特",
        },
        **{
            "hertz": "{}赫兹",
            "kilohertz": "{}千赫",
            "megahertz": "{}兆赫",
            "gigahertz": "{}吉赫",
            "ohm": "{}欧姆",
            "kilocalorie": "{}千卡",
        },
        **{
            "microsecond": "{}微秒",
            "millisecond": "{}毫秒",
            "second": "{}秒",
            "arc-minute": "{}分",
            "inch": "{}英寸",
            "foot": "{}英尺",
            "minute": "{}分钟",
            "hour": "{}小时",
            "day": "{}天",
        },
        **{
            "kilometer-per-hour": "每小时{}公里",
            "meter-per-second": "每秒{}米",
            "mile-per-hour": "每小时{}英里",
            "knot": "{}节",
        },
        **{"pixel": "{}像素", "kilojoule": "{}千焦", "gigabyte": "{}吉字节", "terabyte": "{}太字节"},
    }
    currencies = {
        "CNY": Currency("元", "元"),
        "JPY": Currency("元", "元"),
        "USD": Currency("美元", "美元"),
        "EUR": Currency("欧元", "欧元"),
        "GBP": Currency("英镑", "英镑"),
        "INR": Currency("卢比", "卢比"),
        "BRL": Currency("雷亚尔", "雷亚尔"),
        **{"kr": Currency("克朗", "克朗"), "CHF": Currency("瑞士法郎", "瑞士法郎")},
    }
    days = ("周天 6", "星期天 6")
    half_is_first = True
    meridiems = {r"(?i:a\.?m\.?)": "am", r"(?i:p\.?m\.?)": "pm"}
    phones = (
        r"\+[0-9][0-9 ().-]{6,18}[0-9]",
        r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}",
        r"0[0-9]{2,3}-[0-9]{7,8}",
        r"400-[0-9]{3,4}-[0-9]{3,4}",
    )
    code_words = r"(?:验证码|校验码|密码|口令|取件码|邮编|邮政编码|动态码|提取码|尾号|卡号|账号)(?:是|为|：|:)?"
    call_words = r"(?:拨打|拨通|致电|呼叫|拨|打|电话|热线)"
    short_numbers = "1(?:1[0249]|2[02])|911|999|10086|10010|10000|12345|12306|12315|95588"
    version_words = "[Vv]ersion|版本|Core|OS|Assistant"
    abbreviations = {r"\bvs\b\.?": "对", r"\bNo\. ?(?=[0-9])": "第"}

    def spelled(self, parts: Sequence[str]) -> str:
        return " ".join(self.integer(int(part)) if part.isdecimal() else part.upper() for part in parts)

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        if noun and number == 2:
            return "两"
        words = str(an2cn(number))
        return re.sub("(?<![十])二(?=[百千万亿])", "两", words) if number >= 200 else words

    def with_fraction(self, whole: str, fraction: str) -> str:
        return f"{whole}点{''.join(_DIGITS[int(digit)] for digit in fraction)}"

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return f"第{self.integer(number)}"

    def year(self, year: int) -> str:
        return "".join(_DIGITS[int(digit)] for digit in str(year))

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        words = f"{self.integer(hour, noun=True)}点"
        if minute or second:
            words += f"{'零' if minute < 10 and minute else ''}{self.integer(minute)}分"
        if second:
            words += f"{self.integer(second)}秒"
        return f"{_part_of_day(hour, half)}{words}" if half else words

    def date(self, year: int | None, month: int, day: int | None) -> str:
        words = f"{self.year(year)}年" if year else ""
        return f"{words}{self.integer(month)}月{f'{self.integer(day)}日' if day else ''}"

    def fraction(self, over: int, under: int) -> str:
        return f"{self.integer(under)}分之{self.integer(over)}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        return f"{self.integer(whole)}又{self.fraction(over, under)}"

    def code(self, written: str) -> str:
        return self.phone(written)

    def phone(self, written: str) -> str:
        """The one is said "yao", as it is in all numbers of this kind."""
        return super().phone(written).replace("一", "幺")

    def large_numbers(self) -> Mapping[str, Large]:
        return {
            **{word: Large(word, word) for word in ("百万", "千万", "万", "亿", "万亿")},
            "T": Large("万亿", "万亿"),
            **self.large_letters,
        }

    def own_rules_first(self) -> Iterator[Rule]:
        # A number beside its Chinese words: "21.5度", "2个".
        sign = r"(?:(?P<sign>(?<![\w-])[-−])|(?<![0-9A-Za-z.,/:~–-]))"
        number = rf"{sign}(?P<first>(?:[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,3}}|[0-9]{{1,9}})(?:\.[0-9]{{1,9}})?)"
        yield re.compile(rf"{number}(?P<last>)[ {SEAM}]?(?P<measure>{_MEASURES})"), self._measured
        yield (
            re.compile(r"(?<=[里米元升斤克瓦])/(?=小时|分钟|秒|天|月|年|公斤|斤|升|度|平方米|立方米)"),
            lambda found: "每",
        )
        yield re.compile(rf"(?<![\w.:])2(?={SEAM}?点(?!{SEAM}?[0-9]{{3}}))"), lambda found: "两"

    def _measured(self, found: Found) -> str:
        words, _ = self.amount(found, feminine=False, rounded=False)
        return f"{words}{found['measure']}"

    def own_rules(self) -> Iterator[Rule]:
        yield re.compile(r"(?<![\w.])(?P<minus>[-−])(?=[0-9])"), lambda found: "负"

    def finished(self, text: str) -> str:
        return re.sub(
            "负(?=[零一二三四五六七八九十百千两点到]{1,14}(?:摄氏度|华氏度|度))", "零下", super().finished(text)
        )


def _part_of_day(hour: int, half: str) -> str:
    if half == "am":
        return "凌晨" if hour == 12 or hour < 6 else "上午"
    return "中午" if hour == 12 else "下午" if hour < 6 else "晚上"
