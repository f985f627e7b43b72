"""How signs and numbers that a listener writes are said, for `heard_words`."""

from __future__ import annotations

ENGLISH_SPELLINGS = {
    "neighbours": "neighbors",
    "neighbour": "neighbor",
    "kilometres": "kilometers",
    "kilometre": "kilometer",
    "millilitres": "milliliters",
    "metre": "meter",
    "metres": "meters",
    "colour": "color",
    "okay": "ok",
    "any more": "anymore",
    "wi fi": "wifi",
    "theatre": "theater",
    "grey": "gray",
    "programme": "program",
    "litres": "liters",
    "litre": "liter",
    "favourite": "favorite",
    "centre": "center",
}

SYMBOLS: dict[str, dict[str, str]] = {
    "en": {
        "°C": " degrees celsius ", "°F": " degrees fahrenheit ", "°": " degrees ", "km/h": " kilometers per hour ",
        "mph": " miles per hour ", "kWh": " kilowatt hours ", "kg": " kilogram ", "m²": " square meters ",
        "GB": " gigabytes ", "ml": " milliliters ", "½": " half ", "¾": " three quarters ", "&": " and ",
        "min": " minutes ",
    },
    "es": {
        "°C": " grados centígrados ", "°": " grados ", "%": " por ciento ", "km/h": " kilómetros por hora ",
        "kWh": " kilovatios hora ", "kg": " kilos ", "m²": " metros cuadrados ", "GB": " gigas ",
        "$": " dólares ", "&": " y ", "ml": " mililitros ", "cm": " centímetros ", "½": " medio ", "km": " kilómetros ",
        "min": " minutos ",
    },
    "fr": {
        "°C": " degrés celsius ", "°": " degrés ", "%": " pour cent ", "km/h": " kilomètres heure ",
        "kWh": " kilowattheures ", "kg": " kilos ", "m²": " mètres carrés ", "GB": " gigas ", "Go": " gigaoctets ",
        "$": " dollars ", "&": " et ", "ml": " millilitres ", "cm": " centimètres ", "½": " demi ",
        "km": " kilomètres ", "min": " minutes ",
    },
    "it": {
        "°C": " gradi centigradi ", "°": " gradi ", "%": " per cento ", "km/h": " chilometri orari ",
        "kWh": " chilowattora ", "kg": " chili ", "m²": " metri quadrati ", "GB": " giga ",
        "$": " dollari ", "&": " e ", "ml": " millilitri ", "cm": " centimetri ", "½": " mezzo ", "km": " chilometri ",
        "min": " minuti ",
    },
    "pt": {
        "°C": " graus celsius ", "°": " graus ", "%": " por cento ", "km/h": " quilômetros por hora ",
        "kWh": " quilowatts hora ", "kg": " quilos ", "m²": " metros quadrados ", "GB": " gigas ",
        "&": " e ", "ml": " mililitros ", "cm": " centímetros ", "½": " meio ", "km": " quilômetros ",
        "min": " minutos ",
    },
    "hi": {
        "°C": " डिग्री सेल्सियस ", "°": " डिग्री ", "%": " प्रतिशत ", "km/h": " किलोमीटर प्रति घंटा ", "₹": " रुपये ",
        "kg": " किलो ", "km": " किलोमीटर ", "।": " ",
    },
    "zh": {
        "°C": "摄氏度", "℃": "摄氏度", "km/h": "公里每小时", "kg": "公斤", "kWh": "千瓦时", "cm": "厘米", "km": "公里",
    },
}  # fmt: skip
"""What a listener may write with a sign, as it is said. Longer ones come before those that they contain."""

POINT = {"es": "coma", "fr": "virgule", "it": "virgola", "pt": "vírgula", "hi": "दशमलव"}
MINUS = {"es": "menos", "fr": "moins", "it": "meno", "pt": "menos", "hi": "माइनस"}
NUM2WORDS = {"es": "es", "fr": "fr", "it": "it", "pt": "pt_BR"}
MONEY = {"€": {"es": "euros", "fr": "euros", "it": "euro", "pt": "euros"}, "R$": {"pt": "reais"}}

HINDI_NUMBERS = (
    "शून्य", "एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ", "दस", "ग्यारह", "बारह", "तेरह",
    "चौदह", "पंद्रह", "सोलह", "सत्रह", "अठारह", "उन्नीस", "बीस", "इक्कीस", "बाईस", "तेईस", "चौबीस", "पच्चीस",
    "छब्बीस", "सत्ताईस", "अट्ठाईस", "उनतीस", "तीस", "इकतीस", "बत्तीस", "तैंतीस", "चौंतीस", "पैंतीस", "छत्तीस",
    "सैंतीस", "अड़तीस", "उनतालीस", "चालीस", "इकतालीस", "बयालीस", "तैंतालीस", "चौवालीस", "पैंतालीस", "छियालीस",
    "सैंतालीस", "अड़तालीस", "उनचास", "पचास", "इक्यावन", "बावन", "तिरपन", "चौवन", "पचपन", "छप्पन", "सत्तावन",
    "अट्ठावन", "उनसठ", "साठ", "इकसठ", "बासठ", "तिरसठ", "चौंसठ", "पैंसठ", "छियासठ", "सड़सठ", "अड़सठ",
    "उनहत्तर", "सत्तर", "इकहत्तर", "बहत्तर", "तिहत्तर", "चौहत्तर", "पचहत्तर", "छिहत्तर", "सतहत्तर", "अठहत्तर",
    "उन्यासी", "अस्सी", "इक्यासी", "बयासी", "तिरासी", "चौरासी", "पचासी", "छियासी", "सत्तासी", "अट्ठासी",
    "नवासी", "नब्बे", "इक्यानवे", "बानवे", "तिरानवे", "चौरानवे", "पचानवे", "छियानवे", "सत्तानवे", "अट्ठानवे",
    "निन्यानवे",
)  # fmt: skip
"""From 0 to 99: no two are made by one rule."""
