"""Where a long row of words without a mark is cut, in every language that Kokoro speaks."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kokoro_wyoming.text.breaths import breaths
from kokoro_wyoming.text.splitting import SentenceSplitter


def _split(chunks: Iterable[str]) -> list[str]:
    splitter = SentenceSplitter()
    sentences = [sentence for chunk in chunks for sentence in splitter.add(chunk)]
    return [*sentences, *splitter.finish()]


def _marked(text: str) -> str:
    """The text with a | at each place for a breath."""
    places = {*breaths(text)}
    return "".join("|" * (at in places) + character for at, character in enumerate(text))


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (  # a clause comes before "and", and no breath is within a pair or a number
            "The temperature in the living room has slowly fallen from twenty two to seventeen degrees over the last "
            "two hours",
            "since somebody opened both of the big windows on the garden side of the house.",
        ),
        (
            "You asked me for the total of all the bills from the past year",
            "and it comes to two thousand four hundred and sixty five pounds for both the gas and the electricity.",
        ),
        (
            "I've moved the reminder about the dentist in Tottenham to the day after tomorrow",
            "even though the calendar says that you'll be driving between ten and eleven through the long tunnel.",
        ),
        (
            "La primera reunión de mañana con el equipo de ventas de Barcelona empieza a las nueve y media en la sala "
            "grande del segundo piso",
            "y después habrá una comida corta en el pequeño restaurante italiano que está enfrente de la estación.",
        ),
        (
            "El total de todas las facturas del año pasado es de dos mil cuatrocientos sesenta y cinco euros",
            "y la cantidad más alta corresponde a la compañía que suministra tanto el gas como la electricidad.",
        ),
        (
            "L'homme qui habite la maison au bout du chemin",
            "là où la route tourne vers la rivière a dit à ma sœur que le pont qui devait être réparé restera fermé.",
        ),
        (
            "Le total de toutes les factures de l'année dernière est de deux mille quatre cent soixante et un euros",
            "et le montant le plus élevé revient à la société qui fournit à la fois le gaz et l'électricité.",
        ),
        (
            "L'uomo che abita nella casa in fondo alla stradina",
            "dove la via gira verso il fiume ha detto che il ponte resterà chiuso fino a quando l'acqua non scenderà.",
        ),
        (
            "La prima riunione di domani con il gruppo vendite di Torino comincia alle nove e mezza",
            "nella sala grande del secondo piano di fronte alla stazione centrale.",
        ),
        (
            "O total de todas as contas do ano passado é de dois mil quatrocentos e sessenta e cinco reais",
            "e o valor mais alto vai para a empresa que fornece tanto o gás como a luz desta casa.",
        ),
        (
            "A temperatura da sala mais fria caiu devagar de vinte e dois para dezessete graus",
            "nas últimas duas horas por causa das duas janelas grandes do jardim.",
        ),
        (
            "कल सुबह मुंबई की बिक्री टीम के साथ आपकी पहली बैठक दूसरी मंज़िल के बड़े कमरे में साढ़े नौ बजे शुरू होगी",
            "और उसके बाद रेलवे स्टेशन के सामने वाले छोटे इटालवी रेस्तराँ में दोपहर का खाना होगा।",
        ),
        (
            "आज रात जब तुम घर पहुँचो तो याद रखना कि बिल्ली को अभी तक खाना नहीं मिला है",
            "क्योंकि खाना देने वाली मशीन फिर से ख़राब हो गई है और नया पुर्ज़ा अब तक नहीं आया है।",
        ),
        (
            "居間の温度は誰かが暖房を止めないまま庭側の大きな窓を二つとも開けっ放しにしたせいで",
            "この二時間のあいだに二十二度から十七度までゆっくりと下がり続けています。",
        ),
        (
            "明日の最初の会議は大阪の営業チームと一緒に午前九時半から二階の大きな会議室で始まり",
            "その後は駅の向かいにある小さなイタリア料理店で短い昼食会が行われる予定です。",
        ),
        (
            "过去两个小时里客厅的温度已经从二十二度慢慢降到了十七度",
            "原因是有人没有关掉一楼的暖气就把花园那一边的两扇大窗户全都打开了。",
        ),
        (
            "今天晚上你回到家的时候请记得猫还没有吃东西因为自动喂食器又坏了",
            "而且我上个星期订购的替换零件到现在也没有寄到。",
        ),
    ],
)
def test_a_long_first_sentence_without_a_mark_is_cut_where_a_speaker_takes_a_breath(first: str, rest: str) -> None:
    blank = "" if first[-1] > "\u3000" else " "
    text = f"{first}{blank}{rest}"
    assert _split([text]) == _split(text) == [first, rest]


@pytest.mark.parametrize(
    "places",
    [
        "The hut in which the key is kept |and which for years had none is known to her and only to her by now.",
        "The office of Marks and Spencer is full of salt and pepper |and of the songs of Simon and Garfunkel.",
        "They are open |between the first of May and the end of June both on Mondays and on the other days of a week.",
        "My aunt read “the man who came because of the cat” (and the dog that he saw while he was there) to my mother.",
        "It is an hour and a half to one hundred and one houses for each Man Who Sold the World And the Moon.",
        "We met Dr. Lee and Mrs. Ray |and the Rev. J. R. King of St. Mary's at 10.30 a.m. on the 3rd of May.",
        "La reunión empieza a las nueve y media de este viernes treinta y uno de marzo en la casa de Marta y Pedro.",
        "Le train de neuf heures et demie part de la voie vingt et un du quai de la gare de Sète et non de Lyon.",
        "La riunione alle nove e mezza fino a quando non è finita è per voi del gruppo di Anna e Paolo di Torino.",
        "A reunião das nove e meia é a mais longa de todas as vinte e duas do mês |e de todas as do ano.",
        "मेरे घर का दस और बीस का नोट और चाय का कप बहुत पुराना है",
        "我的朋友说|她的电话号码在那之后的几年没有人知道",
        "关于是否在不同时间下降的原因是一直到现在他说的话都没有人知道",
        "我說|這是真的|因為他說|這個問題在那之後|大家都不知道",
        "そのものに手を触れないように",
        "これは|古い自由が丘の我が家の鍵なのですが|昔のものなのです",
        "Der Mann der in dem Haus am Ende des Weges wohnt hat gesagt dass die Brücke zu ist und die Leute sie sehen.",
        "Mannen som bor i huset sa till min syster att bron ska vara stängd tills vattnet har sjunkit och blir varmt.",
    ],
)
def test_nobody_breathes_within_a_number_a_name_a_pair_or_behind_a_little_word(places: str) -> None:
    assert _marked(places.replace("|", "")) == places


@pytest.mark.parametrize(
    "places",
    [
        "A sala do meu quarto é a mais quente da casa |e o corredor é o mais frio de todos os dias do ano",
        "La ville était belle |mais la route était longue |et la nuit très sombre",
        "There are ten houses per mile on and off the road",
    ],
)
def test_a_word_means_what_it_does_in_the_language_of_the_text(places: str) -> None:
    assert _marked(places.replace("|", "")) == places


@pytest.mark.parametrize(
    "text",
    [
        "The robot will clean the kitchen and the hall until the children come home because it is late by now.",
        "The red green blue black white yellow orange little lamps of this house are on all night long today and on.",
        "The red green blue white little lamps of this house have been on all night [and the](/ænd ðə/) lamp of Mary.",
        "明日の朝はロボットが台所と一階の廊下を掃除しますが雨が降ったら午後になります。",
    ],
)
def test_a_short_sentence_and_one_without_a_place_for_a_breath_stay_whole(text: str) -> None:
    assert len(_split([text])) == 1


def test_a_comma_is_a_better_place_than_a_breath() -> None:
    first, _ = _split(
        [
            "The robot cleans the rooms of the ground floor until noon, and then it waits for all the children of the "
            "house that come home from school at the time when the bus from the town arrives at the corner."
        ]
    )
    assert first.endswith("noon,")


def test_a_piece_that_is_too_long_is_cut_at_a_breath() -> None:
    lamps = "little old yellow lamps and tables " * 7
    text = (
        f"There are {lamps}which the people of the town of {lamps}have not seen because nobody has told them of them."
    )
    assert [piece.split()[0] for piece in _split([text])] == ["There", "which", "because"]
