"""What a model writes and nobody says: thoughts, calls of tools, numbers of sources."""

from __future__ import annotations

import pytest

from kokoro_wyoming.text.splitting import SentenceSplitter

_EXAMPLES = (
    ("<think>The user wants the time.</think>It is noon.", ["It is noon."]),
    ("<THINKING type='x'>Hm.\n\nYes. <b>So</b></THINKING>\n\nIt is noon.", ["It is noon."]),
    ("It is noon.\n<reasoning>Hm.</reasoning>\nBye.", ["It is noon.", "Bye."]),
    ("It is noon. <think>Hm. Well.</think> Bye.", ["It is noon.", "Bye."]),
    ('<details type="reasoning"><summary>Thought</summary>Hm.</details>Noon.', ["Noon."]),
    ("<details><summary>More</summary>Hm.</details>Noon.", ["More", "Hm.", "Noon."]),
    ('<tool_call>{"name": "x"}</tool_call>Done.', ["Done."]),
    ("```tool_code\nprint(1)\n```\nDone.", ["Done."]),
    ("```python\nprint\n```\nDone.", ["print", "Done."]),
    ("Done.<|im_end|>", ["Done."]),
    # Without an end: only where nothing else is said, nor where the tag is spoken of.
    ("<think>Only thoughts.", ["Only thoughts."]),
    ("<think>Only. <think>Thoughts.", ["Only.", "Thoughts."]),
    ("It is noon. <think>Only thoughts.", ["It is noon."]),
    ("Use the <think> tag now.", ["Use the tag now."]),
    ("`<think>` is a tag.", ["<think> is a tag."]),
    ("Thoughts.</think>It is noon.", ["Thoughts.", "It is noon."]),
    ("a < b and <thin> air", ["a < b and <thin> air"]),
    # Sources
    ("It opened in 1903.[4][5] See below.", ["It opened in 1903.", "See below."]),
    ("The sky is blue[1]. Grass is green [2][3]. So.", ["The sky is blue.", "Grass is green.", "So."]),
    ("The sky is blue[1, 2], grass[3-5] too[6]", ["The sky is blue, grass too"]),
    ("Blue (source: [1]). Green (see [1], [2]). Red ([3]).", ["Blue.", "Green.", "Red."]),
    ("It rains【4†source】. Good 【4:0†a.txt】.", ["It rains.", "Good."]),
    ("It rains \ue200cite\ue202turn0search0\ue202turn1news2\ue201.", ["It rains."]),
    ("press [3] now, or (3), (see below)", ["press [3] now, or (3), (see below)"]),
    ("array[1][2] and list[0]", ["array[1][2] and list[0]"]),
    ("[3](https://a.b) and [a][3]", ["3 and a"]),
    ("【重要】 今日は休み", ["【重要】 今日は休み"]),
)


@pytest.mark.parametrize(("text", "sentences"), _EXAMPLES, ids=[ascii(text[:40]) for text, _ in _EXAMPLES])
def test_it_is_left_out_wherever_chunks_end(text: str, sentences: list[str]) -> None:
    for chunks in ([text], [*text], [text[at : at + 7] for at in range(0, len(text), 7)]):
        splitter = SentenceSplitter()
        found = [one for chunk in chunks for one in splitter.add(chunk)] + [*splitter.finish()]
        assert found == sentences


def test_a_sentence_before_thoughts_does_not_wait_for_their_end() -> None:
    splitter = SentenceSplitter()
    assert [*splitter.add("Let me look. <think>Where is it? Hm. Well")] == ["Let me look."]
    assert [*splitter.add(" hm.</think> Here.")] == []
    assert [*splitter.settle()] == ["Here."]


def test_a_second_text_is_not_hidden_by_the_first() -> None:
    splitter = SentenceSplitter()
    assert [*splitter.add("Noon. <think>Hm"), *splitter.finish()] == ["Noon."]
    assert [*splitter.add("Bye."), *splitter.finish()] == ["Bye."]
