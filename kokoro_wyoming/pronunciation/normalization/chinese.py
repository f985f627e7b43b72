"""Mandarin Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from cn2an import an2cn

from kokoro_wyoming.pronunciation.normalization.money import SIGNS, Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.numerals import Number
from kokoro_wyoming.pronunciation.normalization.units import PER
from kokoro_wyoming.pronunciation.normalization.unspaced import SEAM, Unspaced
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_DIGITS = "零一二三四五六七八九"
_MEASURES = (
    "个|盏|台|只|条|位|次|小时|分钟|秒|天|周|件|种|度|扇|张|本|间|辆|部|块|杯|瓶|倍|米|公里|千米|升|公斤|克|瓦"
    "|千瓦|伏|元|美元|欧元|岁|封|首"
)
_MORE_MEASURES = (
    "年(?![级代])|人|遍|名|家|支|根|把|套|份|趟|顿|颗|粒|包|袋|箱|盒|碗|双|座|棵|句|项|步|圈|斤|万|亿|千"
    "|小?勺|大勺|汤匙|茶匙|片|节|瓣|滴|场|局|笔|轮|届|批|桶|罐|串|篇|球|匹|朵"
)
"""What two is said "liang" before, beside `_MEASURES`."""
_CALLED = "拨打?|致电|打给|电话|热线|号码|客服|手机号|分机"
_CODES = (
    "(?:验证|校验|识别|取件|取餐|邀请|激活|PIN)码"
    r"|密码|口令|PIN|(?:编|尾|订单|单|卡|账|帐|工|学|序列|流水)号|邮编|(?:\A|QQ)(?:群号|群|号)"
)
_PLACES = rf"(?:\A|[A-Z]{SEAM})座|房间号?|门牌号?|房号|航班号?|车次"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_NO_COUNT = rf"(?![0-9A-Za-z%°]|[-.,:/][0-9]|[ {SEAM}]?(?:{_MEASURES}|{_MORE_MEASURES}|平|分|月|日|点|多|余|字))"
_RATES = (
    "小时|分钟|分|秒|天|日(?!元)|周|季度?|月|年"
    "|公斤|千克|克|斤|吨|升|度|平方米|立方米|平米|平|人(?!民)|[位次个件台套瓶盒晚张份]"
)
_WON = "获胜|战胜|击败|取胜|大胜|险胜|小胜|完胜|胜出|领先|落后|战平|不敌|负于|力克|逆转|输给"
_CLOCK_WORDS = (
    "分(?![钟组别批发配手享成为割区离类期]|开(?!始))|点(?![钟亮击播餐评名着燃火赞]|开(?!始))|时(?![间长段候光速区])"
    "|秒(?![钟杀拍表回]|开(?!始))"
)
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_BETWEEN = "[-–—~～〜]"


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
    per_words = _RATES
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
    dated = "截止(?:日期|时间)?|有效期至?|到期日|日期|生日|[今明昨]天是"
    of_dates = "[是为在]?"
    after_dates = "到期|截止|之?前|起|开始|发布|上线|上市|过期|[(（]?(?:周|星期)[一二三四五六日天]"
    version_words = "[Vv]ersion|版本|Core|OS|Assistant"
    abbreviations = {
        r"\bvs\b\.?": "对",
        r"\bN[oO]\. ?(?=[0-9])": "第",
        r"(?<=[0-9]) ?cc(?!\w)": "毫升",
        r"(?<=[0-9][KMGT]B)/(?=[月天日年])": f"{SEAM}每",
        r"(?<=[0-9]) ?V ?[ /] ?(?P<amperes>[0-9]{1,3}(?:\.[0-9])?) ?A(?!\w)": r" V，\g<amperes> A",
        # Other languages take a letter on the number for a name, as in "5G" or "2A".
        rf"(?<=[0-9])(?=g(?!\w|{SEAM}(?:网|信号|手机|套餐|路由|基站))|V(?!\w))": " ",
    }

    def spelled(self, parts: Sequence[str]) -> str:
        if [*parts] == ["C", "O", "2"]:
            return "二氧化碳"
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

    def bare(self, written: str, found: Found) -> str:
        """A number that begins with zero is a name, such as "007", but in a date or a time."""
        is_counted = re.match(rf"{SEAM}?[年月日号点时]", found.string[found.end() :])
        return self.digits(written) if re.fullmatch("0[0-9]+", written) and not is_counted else written

    def own_rules_first(self) -> Iterator[Rule]:
        yield from self._rules_of_spelled_numbers()
        yield from self._rules_of_spans()
        yield from self.rules_of_short_dates()
        yield self.rule_of_rates("(?:[美欧日]?元|块)", rf"{PER}(?!\w)")
        score = r"(?P<over>[0-9]{1,3})-(?P<under>[0-9]{1,3})"
        yield re.compile(rf"(?:(?<=比分[ {SEAM}])|(?<=比分[是为]{SEAM})){score}(?![\w-])"), self._ratio
        yield re.compile(rf"(?<![\w.,:/-]){score}(?={SEAM}(?:{_WON}))"), self._ratio
        yield from self._rules_of_counts()

    def _rules_of_counts(self) -> Iterator[Rule]:
        """A number beside its Chinese words: "21.5度", "2个"."""
        # A word that the time has already: "18:40分".
        yield re.compile(rf"(?<=:[0-5][0-9])[ {SEAM}]?(?:{_CLOCK_WORDS})"), lambda found: SEAM
        before, after = f"(?<=[了共近约过满]{SEAM})", "[前后内间来多质保]"
        counted = rf"{before}[0-9]{{1,2}}(?={SEAM}年)|(?<![\w.:/-])[0-9]{{1,2}}(?={SEAM}年{after})"
        yield re.compile(counted), lambda found: self.integer(int(found[0]), noun=True)
        sign = r"(?:(?P<sign>(?<![\w-])[-−])|(?<![0-9A-Za-z.,/:~～〜–—-]))"
        number = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,9})(?:\.[0-9]{1,9})?"
        amount = rf"{number}{SEAM}?[百千]?[万亿]"
        yield re.compile(rf"[¥￥] ?(?=(?:{amount}|{number}){SEAM}?元)"), lambda found: ""
        yield re.compile(rf"(?P<currency>[¥￥$€£]) ?(?P<amount>{amount})"), self._large_price
        amounts = rf"{sign}(?P<first>{number})(?:{_BETWEEN}(?P<last>{number}))?"
        ordinal = re.compile(rf"(?<=第{SEAM})(?P<number>[0-9]{{1,9}})(?={SEAM}?(?:{_MEASURES}))")
        yield ordinal, lambda found: self.integer(int(found["number"]))
        yield re.compile(rf"{amounts}[ {SEAM}]?(?P<measure>{_MEASURES})"), self._measured
        yield (
            re.compile(rf"(?<=[里米元升斤克瓦万块次个件度人])/(?={_RATES})"),
            lambda found: "每",
        )
        two = rf"(?:点(?!{SEAM}?[0-9]{{3}})|{_MORE_MEASURES})"
        yield re.compile(rf"(?<![\w.:/~～–—-])(?<!第{SEAM})2(?={SEAM}?{two})"), lambda found: "两"

    def _rules_of_spelled_numbers(self) -> Iterator[Rule]:
        """Numbers that are said digit by digit."""
        gap = rf"[ :：是为给{SEAM}]{{0,4}}"
        for names, one in ((_CALLED, "幺"), (_CODES, "一"), (_PLACES, "幺")):
            yield self._spelled(rf"(?P<before>(?:{names}){gap}[A-Z]{{0,2}})(?P<digits>[0-9]{{3,16}}){_NO_COUNT}", one)
        grouped = "(?P<digits>[0-9]{1,6}(?:-[0-9]{1,6}){2,3})"
        yield self._spelled(rf"(?P<before>(?:{_CODES}){gap}){grouped}{_NO_COUNT}", "一")
        called = "110|119|120|122|10086|10010|10000|12[0-9]{3}|95[0-9]{3}"
        yield self._spelled(rf"(?P<before>[打叫找][ {SEAM}]?)(?P<digits>{called}){_NO_COUNT}", "幺")
        services = rf"12306|12315|12345(?={SEAM}热线)|618(?={SEAM}(?:大促|购物节|活动))"
        yield self._spelled(rf"(?P<before>(?<![\w.,:/-]))(?P<digits>{services}){_NO_COUNT}", "幺")
        alone = rf"(?P<before>(?<![\w.,:/-])(?<![共约近超]{SEAM}))(?P<digits>[0-9]{{3,4}})"
        yield self._spelled(rf"{alone}(?=[ {SEAM}]?(?:室(?![内外温])|号?房间|号房))", "幺")
        yield self._spelled(rf"{alone}(?={SEAM}?路(?:公交|汽车|车|电车|巴士))", "幺")
        yield self._spelled(rf"(?P<before>\b[GDCZTK])(?P<digits>[0-9]{{3,4}})(?={SEAM}?次)", "幺")
        yield self._spelled(rf"(?P<before>[{_PROVINCES}]{SEAM}[A-Z])(?P<digits>[0-9]{{5}})(?![0-9])", "幺")
        yield self._spelled(rf"(?P<before>(?<![\w.,:/-]))(?P<digits>[5-90]0)(?={SEAM}?后(?![退面台续天]))", "一")

    def _spelled(self, pattern: str, one: str) -> Rule:
        """The group `digits` digit by digit, `one` for the one, behind the group `before`."""
        return (
            re.compile(pattern),
            lambda found: found["before"] + self.digits(found["digits"]).replace("一", one),
        )

    def _rules_of_spans(self) -> Iterator[Rule]:
        """From one date, storey or day to another."""
        unit = "[楼层天周岁路站室页级]"
        number = rf"[0-9]{{1,4}}{SEAM}"
        yield (
            re.compile(rf"(?<=[0-9]{SEAM})(?P<unit>{unit}){SEAM}?{_BETWEEN}{SEAM}?(?={number}(?P=unit)|{number}月)"),
            lambda found: f"{found['unit']}到{SEAM}",
        )

    def _measured(self, found: Found) -> str:
        words, _ = self.amount(found, feminine=False, rounded=True)
        return f"{re.sub('^二到', '两到', words)}{found['measure']}"

    def _large_price(self, found: Found) -> str:
        code = "CNY" if found["currency"] in "¥￥" else SIGNS[found["currency"]]
        return f"{found['amount']}{self.currency(code).many}"

    def own_rules(self) -> Iterator[Rule]:
        yield re.compile(r"(?:(?<=[0-9A-Za-z)])|\A)(?P<power>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})"), self._power
        yield re.compile(r"(?<![\w:.])(?P<over>[0-9]{1,3}):(?P<under>[0-9]{1,3})(?![\w:.])"), self._ratio

    def _power(self, found: Found) -> str:
        power = int(found["power"].translate(_POWERS))
        name = {2: "平方", 3: "立方"}.get(power, f"{self.number(Number(abs(power), negative=power < 0))}次方")
        return f"的{name}"

    def _ratio(self, found: Found) -> str:
        return self.slash_over(int(found["over"]), int(found["under"]))

    def finished(self, text: str) -> str:
        text = re.sub("(?<=分之)两", "二", super().finished(text))
        text = re.sub("(?P<of>[百千万]分之)负", r"负\g<of>", text)
        return re.sub("负(?=[零一二三四五六七八九十百千两点到]{1,14}(?:摄氏度|华氏度|度))", "零下", text)


def _part_of_day(hour: int, half: str) -> str:
    if half == "am":
        return "凌晨" if hour == 12 or hour < 6 else "上午"
    return "中午" if hour == 12 else "下午" if hour < 6 else "晚上"
