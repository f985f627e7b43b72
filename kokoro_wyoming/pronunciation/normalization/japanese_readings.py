"""Japanese words whose reading their neighbours decide, where Open JTalk decides otherwise than a person: in kana."""

from __future__ import annotations

from kokoro_wyoming.pronunciation.normalization.unspaced import SEAM

_HAN = "\u3400-\u9fff"
_OPENED = "アプリ ファイル メニュー ページ ウィンドウ タブ 画面 設定 会 会議 店 花 蕾 つぼみ 傘 幕".split()
_NOT_OPENED = "".join(rf"(?<!{word}[がはも])" for word in _OPENED)
_HOT = "カレー|味|スープ|料理|ラーメン|キムチ|麻婆豆腐|唐辛子|ソース|わさび|タレ|汁|もの|食べ物"
_SOMEWHAT = "とても|すごく|少し|かなり|ちょっと|結構|まだ|もう"
_QUIET_PLACES = "道|場所|所|ところ|部屋|路地|公園|通り|廊下|山|森|海岸|夜|街|町"
_ONES = "一二三四五六七八九"
_NO_MINUTES = f"[{_ONES}咲刈割すさしけ]|の[{_ONES}0-9]|か[らりるれろっ]"
_MINUTES = "[後前間経]|以内|以上|ほど|ごと|おき|待[たちっ]"

READINGS = {
    rf"(?<![{_HAN}])何(?=[だでとなの]|って)": "なん",
    "何色": "なにいろ",
    rf"(?<![{_HAN}])明後日": "あさって",
    rf"(?P<month>[毎今来先翌]月{SEAM}?)[1一]{SEAM}?日(?![中間])": r"\g<month>ついたち",
    # A door, a window
    rf"(?<=[がはも]){_NOT_OPENED}開い(?=[てた])": "あい",
    r"(?<=まだ|もう)開い(?=て[いる])": "あい",
    r"開い(?=たまま)": "あい",
    r"開き(?=っぱなし|っ放し)": "あき",
    # A person
    "(?<=この|その|あの|どの)方(?=[はもを々]|です)": "かた",
    # A dish
    rf"(?P<what>(?:{_HOT})[はがも]?(?:{_SOMEWHAT})?)辛(?=[いくさ]|かっ|そう|すぎ)": r"\g<what>から",
    rf"辛(?=い(?:{_HOT}))": "から",
    rf"(?P<what>お?[腹なか]{{1,2}}[がはも]?(?:{_SOMEWHAT})?)空(?=[いきかく])": r"\g<what>す",
    rf"人気(?=[のが]?(?:ない|無い|なく|無く)(?:{_QUIET_PLACES}))": "ひとけ",
    # Minutes; 五分 may be five parts of a hundred, 十分 enough
    **{
        rf"(?<![割分{_ONES}十百千]){digit}分(?!{_NO_MINUTES})": kana
        for digit, kana in zip("二五八九", ("ニフン", "ゴフン", "ハップン", "キューフン"), strict=True)
    },
    rf"(?<=あと|残り)十分|(?<![{_ONES}十百])十分(?={_MINUTES})": "ジュップン",
    # Others
    rf"(?<![{_HAN}])他(?=[はも]|なら)": "ほか",
    r"点(?=け[るてたまなれよ])": "つ",
    rf"(?<![{_HAN}のたる])(?<!その)後(?=[がは])": "あと",
    "弱(?=そう)": "よわ",
    "強(?=そう)": "つよ",
    "気を遣(?=[わいうえおっ])": "気をつか",
    "八個": "ハッコ",
}
"""Regular expressions, with what is said for them."""
