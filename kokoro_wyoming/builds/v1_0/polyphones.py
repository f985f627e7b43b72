"""Chinese characters with more than one reading, by the characters around them. Pure.

pypinyin knows the readings inside its phrases, and one reading for each character that is in none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from functools import cache

HAN = "\u4e00-\u9fff"


class Bond(IntEnum):
    """What a character is a part of."""

    NONE = 0
    """It is a word by itself."""
    WORD = 1
    """jieba's dictionary has the word."""
    PHRASE = 2
    """pypinyin's dictionary has the readings of a phrase with it."""


_DIGITS = "零一二两三四五六七八九"
_COUNT = f"{_DIGITS}十百千万几半"
_TITLE = "(?:先生|小姐|女士|太太|老师|医生|大夫|阿姨|叔叔|师傅|同学|经理|教授|奶奶|爷爷|总$)"
_PERSON = "(?:[我你您他她它咱谁]|宝宝|孩子|大家)"
_FOR_SOMEBODY = f"给{_PERSON}们?[打发做买讲唱放送带倒拿开关]"
_ACTS = (
    "跑走吃喝睡说讲看听写做打玩唱跳飞洗擦扫拖煮炒烤烧热冷亮暗高低大多坏快慢短笑哭画弹推放摆拿坐站调变转吵闹忙吓痛疼饿渴困湿记懂弄搞收穿叫喊读背念"
    "猜等找烫刮切晾拍摸尝剩吹累晒照淋肿咳抖贴挂睁瞪磨滑漏抱骂吵闪震"
)
_LONGER_ACTS = "准备|布置|保持|恢复|完成|运行|安装|解释|收拾|照顾|整理|表现|进行|下载|休息|清洗|工作|打扫|睡觉|使用"
_HOW = "(?:不[错好太够很]|[那这]么|更(?!换|新|改)|比|漂亮|厉害|清楚|干净|难受|整齐|舒服|惊人|要命|刺眼|满意|顺利|开心)"
_DUTIES = (
    "换修关开去买带洗用等把给先再让请有吃喝早重充加减放擦清检注小赶及尽找问交付睡起上下出回准遵马降升花提在当学写说叫按立柔静锁停拿送取收倒扔"
    "丢"
)
"""A verb begins with it: what follows 得 has to be done."""
_SURNAMES = "曾zeng1 仇qiu2 翟zhai2 葛ge3 缪miao4 华hua4 朴piao2 燕yan1"
_SURNAMES_THAT_ARE_VERBS = "任ren2 区ou1 单shan4 解xie4 查zha1 盖ge3 应ying1"
_TRIED = "数看听试等想找查走说聊尝闻摸擦扫洗玩笑歇睡读写念算量调动问"

_READINGS = f"""
!调 tiao2 [上下]_(?![查动研度换])
调 diao4 [跑走变北回]_ _[岗职任派遣集取离换包度走出入来兵性]
调 tiao2 _
长 chang2 [很太最较挺多么时全总周边身波]_
~长 zhang3 _[在得着好]
长 zhang3 _[大高出满胖成牙草肉痘个虫] [书员察区计营事厅族旅舰署务谋队艇记士卫夫园狱盟尊灵彼越]_
长 chang2 _
!还 hai2 _{_FOR_SOMEBODY}
还 huan2 _钱 _[{_COUNT}]+(?:本书|元|块钱) _东西 _[我你他她][们的]?的?(?:书|钱|$)
还 huan2 [要去没该得忘了来]_$ _了(?![解结不]) _[吗吧完清]$ _回[来去] [去要来]_[车伞]
还 huan2 把[{HAN}]_(?![是没有要不在]) 把[{HAN}]{{2}}_(?![是没有要不在])
!得 de5 长_[很太真特挺极怎好快慢高大像漂帅胖更越不比]
~得 dei3 [我你您他她它们咱谁]_(?![到知分奖了过罪意手救以体]) [还就都又总也]_(?![到知出分奖了过])
~得 dei3 ^_(?![到知出分奖了过])
得 de5 [{_ACTS}]_ (?:{_LONGER_ACTS})_ _[很太真特挺极怎非] _{_HOW} _(?P<twin>[^好慢早])(?P=twin)
得 de5 [学过住来起用]_[好快慢早晚] [开关]_[上开了动不]
得 de2 _[到出知奖病票胜第冠金银铜满罪名] _了 _[{_COUNT}]+分(?!钟)
~得 dei3 [{HAN}]_(?:[{_COUNT}{_DUTIES}]|多[久长少睡喝吃穿休]|自己)
~得 de5 [{HAN}]_[{HAN}]
!数 shu3 _[一了]数 数[一了]_
数 shu3 _[羊钱]$ _星星 _着 [请来你我他她再]_[{_COUNT}到] 一_到 从[{_COUNT}]_ ^_到 ^_一[下遍] _不清
任 ren2 _(?:先生|小姐|女士|太太|阿姨|叔叔|师傅|奶奶|爷爷)
发 fa4 [染烫剪美银假护卷秀]_ _[梢丝夹]
!种 zhong3 [{_COUNT}这那哪每各何]_
~种 zhong4 [我你您他她们爸妈]_[的了] _的?[花树菜草豆瓜田] _[上在下了] _[{_COUNT}]+[棵盆株些]
中 zhong4 [选击射猜命]_(?![文国间央午秋英心餐式级等学小年型途]) _了[{_COUNT}大奖枪毒弹头彩] 没_$ 没有_$
倒 dao3 [吓推病昏击撞吹摔跌绊累晕醉]_ _了(?![{_COUNT}杯水点些垃]) _[塌闭霉] _在(?:地|床|沙发)
只 zhi1 [{_COUNT}这那哪每整多]_(?![有是能要会想剩好得需在对用差开打关支说为限许怕])
!干 gan4 _点[什事活]
干 gan1 _得[难发裂]
干 gan4 _[什嘛啥完得活吗] _了(?:什么|啥|坏|好|大|一|不)
干 gan1 [晾晒吹擦烘烤变很太不已经快弄拧甩未半全]_ [^我你他她们人家谁]_了
背 bei1 _[着上](?:书|宝|孩|娃|包|小) _[宝孩娃] _起[书宝孩来]
~量 liang2 _[一了]?下 _一量 量[一了]_ _体[温重] _血[压糖] _身高 _尺寸 _腰围 _心率
!差 cha1 [时温压]_
差 cha1 [误偏落价色反]_
弹 tan2 _[奏唱琴吉钢古拨窗出起回跳了过个] _着(?!点) _一[首曲下支段]
转 zhuan4 在_$ 在_[吗呢] 不_了 不_$ _得 _个[圈不] _[了着]?[{_COUNT}]*圈
转 zhuan4 _来转去 转来_ _起来 [扇机轮盘叶]_(?![接账发移换入出到给向成为])
盛 cheng2 _[饭汤粥菜满好出点碗勺] _[{_COUNT}了些大小满]+[碗勺点饭汤粥]
!切 qie1 _换
切 qie4 [一亲密关急迫恳真确深贴意悲妥]_ _[勿忌记莫身]
切 qie1 _
!重 chong2 _装(?![备甲]) _设
重 zhong4 [很太更最这那么多极够好沉偏特较隆尊惨深严体比净载慎厚珍贵自负]_
重 chong2 _[放播连试拨登录算做写来排建开刷跑听说看选启置回发]
为 wei2 [设改]_ 设置_
为 wei4 _[您你我他她它咱]
为 wei2 [^空]调_ [置成变称视认定命名选换译增减至值限均皆即转升降订记标列评化作]_
为 wei2 [度量压率态式色因果速号码]_ _百分之 _每(?:小时|秒|分钟|立方|平方)
为 wei2 _(?:负|零下)?[{_DIGITS}十百千万]+(?:$|[度摄华点瓦伏安元秒赫流勒帕级档毫微兆吉]|千瓦|分钟|小时)
!了 liao3 [{HAN}]不_(?![解起])
了 liao3 [受到去忘做走逃吃用办来少免]得_
着 zhao2 [睡找够用点烧管犯]不_ [睡点烧管用]得_ [睡点烧猜]_了
地 de5 (?:慢慢|轻轻|静静|默默|悄悄|缓缓|渐渐|偷偷|深深|紧紧|好好|快快)_
地 de5 (?:自动|安静|仔细|快速|不停|小心|高兴|顺利|成功|准确|轻松|认真|安全|迅速|及时|有效)_
地 de5 (?:不断|耐心|努力|大声|小声|开心)_
!教 jiao1 请_我
~教 jiao1 _{_PERSON} _[过了] _一?[下教]
系 ji4 _[好紧上鞋着] _安全带 _领带 _围裙
!行 hang2 第[{_COUNT}]_(?![为动走李程]) 成一_ [上下这那]一_(?![人为]) 一_[字诗代文]
行 hang2 [换每]_ [^进举执运实]_数(?![据字学码次]) [{_COUNT}]_[字诗代文]
~待 dai1 _在 _一?会儿 _一会 _会[再来去就] _着
藏 zang4 _[族文语药香民区历戒]
脏 zang4 [心内肝肾脾肺胰胃五]_ _[器腑]
脏 zang1 _
剥 bao1 _[蒜皮壳虾橘橙蛋豆葱开下个]
削 xiao1 _[苹皮水土铅梨个果]
炸 zha2 _[薯鸡鱼虾酱丸肉春豆]
铺 pu1 _[床地桌被平好上开了]
落 la4 _在[家公店]
!一 yi5 {" ".join(f"{act}_{act}(?!二)" for act in _TRIED)}
"""
"""Each line has a character, its reading, and patterns of which one must fit: `_` is the character, `^` and `$` are
borders of Chinese text. Of a character's lines the first that fits counts, unless it is bound too firmly there: a line
with `~` counts for words of one character, one without a sign also inside words, and one with `!` also inside phrases.
"""
_SIGNS = {"~": Bond.NONE, "": Bond.WORD, "!": Bond.PHRASE}


class Reading:
    """One reading of a character."""

    def __init__(self, line: str) -> None:
        start, self.pinyin, *patterns = line.split(" ")
        self.character = start[-1]
        self.firmest = _SIGNS[start[:-1]]
        self._match = re.compile("|".join(self._pattern(*each.split("_")) for each in patterns)).match

    def _pattern(self, before: str, after: str) -> str:
        at_start, at_end = f"(?<![{HAN}])", f"(?![{HAN}])"
        behind = at_start if before == "^" else f"(?<={before})" if before else ""
        return f"{behind}{self.character}(?={after.replace('$', at_end)})"

    def fits(self, place: int, segment: str, bond: Bond) -> bool:
        """Whether the character at `place` is read so."""
        return bond <= self.firmest and self._match(segment, place) is not None


@cache
def readings() -> dict[str, tuple[Reading, ...]]:
    """The readings of each character, in the order in which they are tried."""
    found: dict[str, tuple[Reading, ...]] = {}
    for reading in map(Reading, (*_READINGS.strip().splitlines(), *_readings_of_surnames())):
        found[reading.character] = (*found.get(reading.character, ()), reading)
    return found


def _readings_of_surnames() -> Iterator[str]:
    for surname in _SURNAMES.split():
        yield f"{surname[0]} {surname[1:]} _{_TITLE} 姓_"
    for surname in _SURNAMES_THAT_ARE_VERBS.split():
        yield f"{surname[0]} {surname[1:]} ^_{_TITLE} [是叫找给跟和与位的]_{_TITLE} 姓_"


def reading_at(place: int, segment: str, bond: Bond) -> str:
    """How the character at `place` is read, as "tiao2"; empty where pypinyin's reading counts.

    `segment` has Chinese characters only.
    """
    fitting = (reading.pinyin for reading in readings().get(segment[place], ()) if reading.fits(place, segment, bond))
    return next(fitting, "")
