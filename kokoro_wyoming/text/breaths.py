"""Where a speaker would take a breath in a long row of words without a mark. Pure.

A breath stands before a word that begins a clause, before an "and" with a phrase of its own behind it, or before a
preposition. It never stands behind a little word, which leans on the next one: not within "in which", "fino a quando".

The language of a text is not known where it is cut, so its little words tell it. In a language that is not here nobody
breathes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


class _LittleWords:
    """The little words of a language that is written with blanks, each in one list."""

    def __init__(self, *, clauses: str, phrases: str, weaker: str, openers: str, leaning: str) -> None:
        """`clauses` begin a clause. `phrases` do where another little word follows: "and the cups", but not "salt and
        pepper". `weaker` begin what can be said by itself, such as prepositions, but not those that belong to the word
        before them, as in "look at". `openers` are what a clause begins with: articles, pronouns, adverbs. `leaning`
        are all others that a speaker joins to the next word."""
        self.clauses = frozenset(clauses.split())
        self.phrases = frozenset(phrases.split())
        self.weaker = frozenset(weaker.split())
        self.behind_phrases = frozenset(f"{clauses} {openers} {leaning}".split()) - _ONE
        self.all = self.clauses | self.phrases | self.weaker | self.behind_phrases | _ONE


_ONE = frozenset(("a", "an", "one", "un", "une", "una", "um", "uma"))
"""Behind "and" they may end a number: "trente et un"."""
_ENGLISH = _LittleWords(
    clauses="""because while when until unless although though whereas which who whose where whenever whether but if
        since""",
    phrases="and or so before after than even",
    weaker="with without through between into during across along behind beside under near against that",
    openers="""a an the my your his her its our their this these those i you he she it we they there here all both every
        some any no another then now what how""",
    leaning="""of to at in on for by from as is are was were be been has have had will would can could should may might
        must do does did not only just very more most too quite anyone everyone someone nobody anything everything
        nothing one ones""",
)
_SPANISH = _LittleWords(
    clauses="pero porque cuando mientras aunque donde quienes sino pues",
    phrases="y o así hasta según",
    weaker="con sin durante entre sobre tras contra desde hacia mediante",
    openers="""el la los las un una unos unas mi tu su mis tus sus este esta estos estas ese esa esos esas lo le les se
        me te nos yo él ella ellos ellas hay ya no también después luego además""",
    leaning="""de del a al en por para que como más muy tan tanto es está están son ha han he fue era será va van qué
        cada todo toda todos todas solo""",
)
_FRENCH = _LittleWords(
    clauses="mais parce quand pendant lorsque lorsqu puisque puisqu afin où tandis dès car donc dont",
    phrases="et ou jusque jusqu ainsi avant après depuis là",
    weaker="avec sans dans durant entre sous sur vers chez contre malgré selon au aux",
    openers="""le la les l un une ce cet cette ces mon ma mes ton ta tes son sa ses notre votre nos vos leur leurs il
        elle on nous vous ils elles je j tu c n ne s se y en puis ensuite""",
    leaning="de du des d à par pour que qu qui même très plus si est sont a ont sera tout toute tous toutes comme",
)
_ITALIAN = _LittleWords(
    clauses="perché quando mentre finché affinché quindi oppure dove ma poiché siccome sebbene benché però",
    phrases="e ed o così fino prima",
    weaker="""con senza durante tra fra verso contro sotto sopra nel nella nelle nei negli nell sul sulla sulle
        sui dal dalla dalle dai""",
    openers="""il lo la i gli le l un uno una mio mia tuo tua suo sua miei mie nostro vostro nostra vostra loro questo
        questa questi queste quel quella quello ci si c non ti vi mi ne io lui lei noi poi dopo anche""",
    leaning="""di del della dei degli delle dell dello da a al alla alle ai agli all in per che come più molto è sono ha
        hanno ho sarà era ogni tutto tutta tutti tutte sia""",
)
_PORTUGUESE = _LittleWords(
    clauses="mas porque quando enquanto embora onde pois portanto porém",
    phrases="e ou até antes assim",
    weaker="com sem durante entre sobre desde na no nas nos pela pelo pelas pelos",
    openers="""o a os as um uma uns umas meu minha seu sua seus suas este esta esse essa isto isso ele ela eles elas eu
        você vocês nós se me lhe não já também depois então""",
    leaning="""de do da dos das que em ao aos à às por para como muito mais tão tanto é são está estão foi tem vai há
        todo toda todos todas cada""",
)
_HINDI = _LittleWords(
    clauses="लेकिन क्योंकि जब ताकि इसलिए मगर जबकि जिससे जो जिस जिसे जिसने जिसके जहाँ अगर बल्कि हालाँकि कि",
    phrases="और या तथा एवं",
    weaker="",
    openers="""वह यह वे ये उस इस उसके इसके उसकी इसकी उनके अब आप मैं हम तुम मेरी मेरे मेरा आपकी आपके आपका तुम्हें उसे इसे
        फिर कल आज सब हर कोई किसी""",
    leaning="का की के को में से ने पर तक भी ही तो वाला वाले वाली बहुत सबसे",
)
_LANGUAGES = (_ENGLISH, _SPANISH, _FRENCH, _ITALIAN, _PORTUGUESE, _HINDI)
_PAIRS = frozenset(("between", "both", "either", "entre", "tra", "fra", "sia", "tanto"))
"""They wait for an "and", which belongs to them."""
_PAIR_WORDS = 6
_LEAST_SHARE = 0.2
"""Share of the words that are little in a text of the language."""

_KANA, _HAN = "\u3041-\u3096\u30a1-\u30fa\u30fc", "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff"
_JAPANESE_KINDS = (
    "(?:けれども|けれど|けど|ので(?!す|し|は|あ)|(?<![もそこあ])のに|ながら(?!の)|ために|ですが|ますが|でしたが|ましたが|ですから|ますから|だから|せいで|おかげで)"
    "|(?=そして|しかし|さらに|その後|それから|または)",
    f"は(?=[{_HAN}ァ-ヺ0-9])|(?<=[しいっけせべれえげねめ])て(?=[{_HAN}ァ-ヺ])(?![下頂欲貰居見来行置])",
    f"(?:から|まで|では|には|とは|でも|(?<!我)が(?![家丘関代岳浜崎]))(?=[{_HAN}ァ-ヺ])(?![一二三四五六七八九十百千何])",
)
_CHINESE_KINDS = (
    "(?<![不之一是关關由对對至终終])(?=但是|可是|不[过過]|因[为為]|(?<!的)原因是|所以|因此|[于於]是|然[后後]|接[着著]|而且|[并並]且|如果|[虽雖]然|即使"
    "|同[时時](?![间間])|以及|[还還]有|另外|直到|或者|除非)",
    "(?:(?<![说說])的[话話]|的[时時]候|之[后後]|之前|(?<!可)以[后後]|以前)(?!的)|(?<![小传傳])[说說](?=[你我他她它您这這那])",
    "(?<![即真大首成])(?=[将將][在会會]|就[会會把]|也[会會没沒可]|都[会會]|正在)",
)
"""Simplified and traditional; what stands before them makes other words of them."""
_ASIDE = re.compile(r"\"[^\"]*\"?|“[^”]*”?|«[^»]*»?|「[^」]*」?|\([^)]*\)?|（[^）]*）?")
"""What is quoted or in brackets, where nobody breathes."""
_WORD = re.compile(r"\S+")


def breaths(text: str) -> Iterator[int]:
    """Places for a breath, as counts of the characters before it: the best kind first, in each kind the last first."""
    text = _ASIDE.sub(lambda aside: "x" * len(aside[0]), text)
    kana, han = (len(re.findall(f"[{letters}]", text)) for letters in (_KANA, _HAN))
    if 2 * (kana + han) > len(text):
        for kind in _JAPANESE_KINDS if 5 * kana > han else _CHINESE_KINDS:
            yield from reversed([found.end() for found in re.finditer(kind, text)])
        return
    words = [*_WORD.finditer(text)]
    language = _language([word[0] for word in words])
    if language is not None:
        yield from _between(words, language)


def _language(words: list[str]) -> _LittleWords | None:
    """The language most of whose little words are here; None where there are too few of any."""
    heads = [_head(word) for word in words]
    counts = [sum(head in language.all for head in heads) for language in _LANGUAGES]
    most = max(counts)
    return _LANGUAGES[counts.index(most)] if most >= _LEAST_SHARE * len(words) else None


def _between(found: list[re.Match[str]], language: _LittleWords) -> Iterator[int]:
    """Places between words, as `breaths` gives them."""
    words = [word[0] for word in found]
    free = [
        at
        for at in range(len(words) - 1, 0, -1)
        if words[at] == words[at].lower() and _tail(words[at - 1]) not in language.all
    ]
    yield from (found[at].start() for at in free if _head(words[at]) in language.clauses)
    yield from (found[at].start() for at in free if _begins_phrase(words, at, language))
    yield from (found[at].start() for at in free if _head(words[at]) in language.weaker)


def _begins_phrase(words: list[str], at: int, language: _LittleWords) -> bool:
    is_paired = not _PAIRS.isdisjoint(words[max(0, at - _PAIR_WORDS) : at])
    follows = at + 1 < len(words) and _head(words[at + 1]) in language.behind_phrases
    return _head(words[at]) in language.phrases and follows and not is_paired


def _head(word: str) -> str:
    """The little word that a word begins with: the l of "l'eau"."""
    return word.partition("'")[0].lower()


def _tail(word: str) -> str:
    return word.rpartition("'")[2].lower()
