"""Names of units where CLDR has none, or a name that nobody says, by language. Pure.

A row is one form, or those for one and for more, or for one, for 2 to 4, for 5 and more, and for parts of one (Polish).
"/hour" is how a rate or a price for an hour is said, around the rest.
The names of PREFIXES go before any unit, so that a megajoule needs no row of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, str | tuple[str, str] | tuple[str, str, str, str]]

_PREFIXES = "pico nano micro milli centi deci hecto kilo mega giga tera peta".split()


def _prefixes(names: str) -> Mapping[str, str]:
    return dict(zip(_PREFIXES, names.split(), strict=True))


PREFIXES: Mapping[str, Mapping[str, str]] = {
    "en": _prefixes("pico nano micro milli centi deci hecto kilo mega giga tera peta"),
    "es": _prefixes("pico nano micro mili centi deci hecto kilo mega giga tera peta"),
    "fr": _prefixes("pico nano micro milli centi déci hecto kilo méga giga téra péta"),
    "it": _prefixes("pico nano micro milli centi deci etto chilo mega giga tera peta"),
    "pt": _prefixes("pico nano micro mili centi deci hecto quilo mega giga tera peta"),
    "hi": _prefixes("पिको नैनो माइक्रो मिली सेंटी डेसी हेक्टो किलो मेगा गीगा टेरा पेटा"),
    "ja": _prefixes("ピコ ナノ マイクロ ミリ センチ デシ ヘクト キロ メガ ギガ テラ ペタ"),
    "zh": _prefixes("皮 纳 微 毫 厘 分 百 千 兆 吉 太 拍"),
}

WORDS: Mapping[str, Words] = {
    "en": {
        **{
            "hundred": "one hundred",
            "angstrom": ("angstrom", "angstroms"),
            "var": ("var", "vars"),
            "var-hour": ("var-hour", "var-hours"),
            "siemens": "siemens",
        },
        **{"becquerel": ("becquerel", "becquerels"), "curie": ("curie", "curies"), "farad": ("farad", "farads")},
        **{"henry": ("henry", "henries"), "sievert": ("sievert", "sieverts"), "bar": ("bar", "bars")},
        **{"square-millimeter": ("square millimeter", "square millimeters"), "cent": ("cent", "cents")},
        **{"kiloohm": ("kilohm", "kilohms"), "megaohm": ("megohm", "megohms")},
        **{"square-decimeter": ("square decimeter", "square decimeters"), "penny": ("penny", "pence")},
        **{"cubic-millimeter": ("cubic millimeter", "cubic millimeters"), "stone": "stone"},
        **{"cubic-decimeter": ("cubic decimeter", "cubic decimeters"), "particle": ("particle", "particles")},
        **{
            "psi": "P S I",
            "btu": "B T U",
            "relative-humidity": "percent relative humidity",
            "horsepower": "horsepower",
        },
        **{"beaufort": "Beaufort", "lumen": ("lumen", "lumens"), "ph": "P H"},
        **{"newton-meter": ("newton meter", "newton meters"), "mole": ("mole", "moles")},
    },
    "es": {
        **{
            "hundred": "cien",
            "angstrom": ("ángstrom", "ángstroms"),
            "var": ("voltiamperio reactivo", "voltiamperios reactivos"),
            "siemens": "siemens",
        },
        **{"var-hour": ("voltiamperio reactivo hora", "voltiamperios reactivos hora"), "watt": ("vatio", "vatios")},
        **{"becquerel": ("becquerel", "becquereles"), "curie": ("curio", "curios"), "farad": ("faradio", "faradios")},
        **{
            "henry": ("henrio", "henrios"),
            "kiloohm": ("kilohmio", "kilohmios"),
            "sievert": ("sievert", "sieverts"),
            "joule": ("julio", "julios"),
        },
        **{"square-millimeter": ("milímetro cuadrado", "milímetros cuadrados"), "cent": ("céntimo", "céntimos")},
        **{"square-decimeter": ("decímetro cuadrado", "decímetros cuadrados"), "particle": ("partícula", "partículas")},
        **{"cubic-millimeter": ("milímetro cúbico", "milímetros cúbicos"), "psi": "pe ese i"},
        **{"cubic-decimeter": ("decímetro cúbico", "decímetros cúbicos"), "btu": "be te u"},
        **{"relative-humidity": "por ciento de humedad relativa", "beaufort": "Beaufort", "ph": "pe hache"},
        **{"horsepower": ("caballo", "caballos"), "newton-meter": ("newton metro", "newtons metro")},
        **{"/day": "{} al día", "/month": "{} al mes", "/year": "{} al año", "/week": "{} a la semana"},
        **{"/mes": "{} al mes", "/año": "{} al año", "/día": "{} al día", "/semana": "{} a la semana"},
    },
    "fr": {
        **{
            "hundred": "cent",
            "angstrom": ("angström", "angströms"),
            "var": ("voltampère réactif", "voltampères réactifs"),
            "siemens": "siemens",
            "cent": ("centime", "centimes"),
        },
        **{"var-hour": ("voltampère réactif heure", "voltampères réactifs heure"), "curie": ("curie", "curies")},
        **{"becquerel": ("becquerel", "becquerels"), "farad": ("farad", "farads"), "henry": ("henry", "henrys")},
        **{"sievert": ("sievert", "sieverts"), "square-millimeter": ("millimètre carré", "millimètres carrés")},
        **{"square-decimeter": ("décimètre carré", "décimètres carrés"), "particle": ("particule", "particules")},
        **{"cubic-millimeter": ("millimètre cube", "millimètres cubes"), "psi": "pé esse i", "btu": "bé té u"},
        **{"cubic-decimeter": ("décimètre cube", "décimètres cubes"), "beaufort": "Beaufort", "ph": "pé hache"},
        **{
            "kiloohm": ("kilohm", "kilohms"),
            "relative-humidity": "pour cent d'humidité relative",
            "horsepower": ("cheval", "chevaux"),
        },
        **{"acre": ("acre", "acres"), "ton": ("tonne", "tonnes"), "cup": ("tasse", "tasses")},
        **{"square-mile": ("mile carré", "miles carrés")},
    },
    "it": {
        **{
            "hundred": "cento",
            "angstrom": "angstrom",
            "var": "voltampere reattivi",
            "var-hour": "varora",
            "siemens": "siemens",
            "becquerel": "becquerel",
        },
        **{"curie": "curie", "farad": "farad", "henry": "henry", "sievert": "sievert", "joule": "joule"},
        **{"square-millimeter": ("millimetro quadrato", "millimetri quadrati"), "cent": ("centesimo", "centesimi")},
        **{"square-decimeter": ("decimetro quadrato", "decimetri quadrati"), "particle": ("particella", "particelle")},
        **{"cubic-millimeter": ("millimetro cubo", "millimetri cubi"), "psi": "pi esse i", "btu": "bi ti u"},
        **{"cubic-decimeter": ("decimetro cubo", "decimetri cubi"), "beaufort": "Beaufort", "ph": "pi acca"},
        **{"relative-humidity": "per cento di umidità relativa", "horsepower": ("cavallo", "cavalli")},
        **{"month": ("mese", "mesi"), "year": ("anno", "anni"), "tablespoon": ("cucchiaio", "cucchiai")},
        **{"teaspoon": ("cucchiaino", "cucchiaini"), "newton-meter": "newton metro"},
        **{"/hour": "{} all'ora", "/day": "{} al giorno", "/month": "{} al mese", "/year": "{} all'anno"},
        **{"/week": "{} a settimana", "/mese": "{} al mese", "/anno": "{} all'anno", "/giorno": "{} al giorno"},
        **{"/ora": "{} all'ora", "/settimana": "{} a settimana", "/notte": "{} a notte", "/persona": "{} a persona"},
        **{"/minute": "{} al minuto", "/second": "{} al secondo"},
    },
    "pt": {
        **{
            "hundred": "cem",
            "angstrom": ("angstrom", "angstroms"),
            "var": ("volt-ampère reativo", "volt-ampères reativos"),
            "siemens": "siemens",
            "curie": ("curie", "curies"),
        },
        **{"var-hour": ("volt-ampère reativo hora", "volt-ampères reativos hora"), "farad": ("farad", "farads")},
        **{"becquerel": ("becquerel", "becquerels"), "henry": ("henry", "henrys"), "sievert": ("sievert", "sieverts")},
        **{"square-millimeter": ("milímetro quadrado", "milímetros quadrados"), "cent": ("centavo", "centavos")},
        **{"square-decimeter": ("decímetro quadrado", "decímetros quadrados"), "particle": ("partícula", "partículas")},
        **{"cubic-millimeter": ("milímetro cúbico", "milímetros cúbicos"), "psi": "pê esse i", "btu": "bê tê u"},
        **{"cubic-decimeter": ("decímetro cúbico", "decímetros cúbicos"), "beaufort": "Beaufort", "ph": "pê agá"},
        **{"relative-humidity": "por cento de umidade relativa", "horsepower": ("cavalo", "cavalos")},
        **{
            "kiloohm": ("quilohm", "quilohms"),
            "month": ("mês", "meses"),
            "year": ("ano", "anos"),
            "pint": ("pinta", "pintas"),
        },
        **{"newton-meter": ("newton-metro", "newtons-metro")},
    },
    "hi": {
        **{
            "hundred": "सौ",
            "angstrom": "ऐंग्स्ट्रॉम",
            "var": "वार",
            "var-hour": "वार घंटे",
            "siemens": "सीमेंस",
            "becquerel": "बेकरेल",
            "curie": "क्यूरी",
        },
        **{"farad": "फ़ैरड", "henry": "हेनरी", "sievert": "सीवर्ट", "cent": "सेंट", "particle": "कण"},
        **{"square-millimeter": "वर्ग मिलीमीटर", "square-decimeter": "वर्ग डेसीमीटर", "cubic-millimeter": "घन मिलीमीटर"},
        **{"cubic-decimeter": "घन डेसीमीटर", "psi": "पी एस आई", "btu": "बी टी यू", "beaufort": "ब्यूफोर्ट", "ph": "पी एच"},
        **{"relative-humidity": "प्रतिशत सापेक्ष आर्द्रता", "horsepower": "हॉर्सपावर", "inch": "इंच", "foot": "फ़ुट"},
        **{"mile": "मील", "pound": "पाउंड", "ounce": "औंस", "ton": "टन", "gallon": "गैलन", "quart": "क्वार्ट"},
        **{"pint": "पिंट", "cup": "कप", "fluid-ounce": "फ़्लूइड औंस", "tablespoon": "बड़े चम्मच", "teaspoon": "छोटे चम्मच"},
        **{"acre": "एकड़", "week": ("हफ़्ता", "हफ़्ते"), "month": ("महीना", "महीने"), "year": "साल"},
        **{"square-foot": "वर्ग फ़ुट", "cubic-foot": "घन फ़ुट", "square-mile": "वर्ग मील", "cubic-inch": "घन इंच"},
        **{"inch-ofhg": "इंच पारा", "millimeter-ofhg": "मिलीमीटर पारा", "mole": "मोल", "bit": "बिट"},
    },
    "ja": {
        **{
            "angstrom": "{}オングストローム",
            "var": "{}バール",
            "var-hour": "{}バール時",
            "siemens": "{}ジーメンス",
            "becquerel": "{}ベクレル",
        },
        **{
            "curie": "{}キュリー",
            "farad": "{}ファラド",
            "henry": "{}ヘンリー",
            "sievert": "{}シーベルト",
            "cent": "{}セント",
        },
        **{"square-millimeter": "{}平方ミリメートル", "square-decimeter": "{}平方デシメートル"},
        **{"cubic-millimeter": "{}立方ミリメートル", "cubic-decimeter": "{}立方デシメートル", "particle": "{}個"},
        **{"psi": "{}ピーエスアイ", "btu": "{}ビーティーユー", "beaufort": "風力{}", "ph": "ピーエイチ{}"},
        **{
            "relative-humidity": "相対湿度{}パーセント",
            "horsepower": "{}バリキ",
            "cup": "{}カップ",
            "mile-per-gallon": "1ガロンあたり{}マイル",
        },
        **{"tablespoon": "大さじ{}", "teaspoon": "小さじ{}", "week": "{}週間", "month": "{}か月", "year": "{}年"},
        **{
            "fluid-ounce": "{}オンス",
            "millimeter-ofhg": "{}ミリメートルスイギンチュー",
            "inch-ofhg": "{}インチスイギンチュー",
            "nautical-mile": "{}カイリ",
            "ton": "{}トン",
            "megawatt": "{}メガワット",
        },
        **{"/second": "毎秒{}", "/minute": "毎分{}", "/hour": "毎時{}", "/day": "1日あたり{}"},
        **{"/month": "1か月あたり{}", "/year": "1年あたり{}"},
    },
    "zh": {
        **{
            "angstrom": "{}埃",
            "var": "{}乏",
            "var-hour": "{}乏时",
            "siemens": "{}西门子",
            "becquerel": "{}贝可",
            "curie": "{}居里",
        },
        **{"farad": "{}法", "henry": "{}亨", "sievert": "{}希沃特", "cent": "{}美分", "particle": "{}个颗粒"},
        **{"square-millimeter": "{}平方毫米", "square-decimeter": "{}平方分米", "cubic-millimeter": "{}立方毫米"},
        **{"cubic-decimeter": "{}立方分米", "cubic-kilometer": "{}立方公里", "psi": "每平方英寸{}磅"},
        **{"btu": "{}英热单位", "beaufort": "{}级风", "ph": "酸碱度{}", "relative-humidity": "相对湿度百分之{}"},
        **{"horsepower": "{}马力", "inch": "{}英寸", "foot": "{}英尺", "yard": "{}码", "mile": "{}英里"},
        **{"nautical-mile": "{}海里", "pound": "{}磅", "ounce": "{}盎司", "stone": "{}英石", "ton": "{}吨"},
        **{"gallon": "{}加仑", "quart": "{}夸脱", "pint": "{}品脱", "cup": "{}杯", "fluid-ounce": "{}液盎司"},
        **{"tablespoon": "{}汤匙", "teaspoon": "{}茶匙", "mile-per-gallon": "每加仑{}英里", "acre": "{}英亩"},
        **{"calorie": "{}卡", "joule": "{}焦", "square-foot": "{}平方英尺", "square-inch": "{}平方英寸"},
        **{
            "square-yard": "{}平方码",
            "square-mile": "{}平方英里",
            "cubic-foot": "{}立方英尺",
            "cubic-inch": "{}立方英寸",
        },
        **{"cubic-yard": "{}立方码", "decimeter": "{}分米", "nanometer": "{}纳米", "hectoliter": "{}百升"},
        **{"inch-ofhg": "{}英寸汞柱", "millimeter-ofhg": "{}毫米汞柱", "mole": "{}摩尔", "bit": "{}比特"},
        **{
            "hundred": "一百",
            "week": "{}周",
            "month": "{}个月",
            "year": "{}年",
            "nanosecond": "{}纳秒",
            "newton-meter": "{}牛米",
        },
        **{"meter-per-square-second": "{}米每二次方秒", "ampere": "{}安"},
    },
}

FEMININE: Mapping[str, frozenset[str]] = {
    "es": frozenset(
        "inch square-inch cubic-inch inch-ofhg yard square-yard cubic-yard square-mile nautical-mile mile-per-gallon "
        "ounce fluid-ounce pint cup tablespoon teaspoon calorie megacalorie gigacalorie particle week btu".split()
    ),
    "fr": frozenset("ounce fluid-ounce pint cup tablespoon teaspoon calorie particle week acre ton".split()),
    "it": frozenset("yard square-yard cubic-yard ounce fluid-ounce pint cup calorie particle week ton btu".split()),
    "pt": frozenset(
        "inch square-inch cubic-inch inch-ofhg yard square-yard cubic-yard square-mile nautical-mile mile-per-gallon "
        "ounce fluid-ounce pint cup tablespoon teaspoon calorie megacalorie gigacalorie particle week".split()
    ),
}
"""Units whose names are feminine, beside those that a language names itself."""
