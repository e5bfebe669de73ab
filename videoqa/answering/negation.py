"""Questions whether something did not happen: "did nobody come", "有没有人". Pure.

What did not happen cannot be shown in a frame. So such a question is turned into the one whether it did; that every
moment proposed for it is rejected is then all that can be known, and what is confirmed speaks against it.
"""

from __future__ import annotations

import re

from videoqa.answering.question import QUIET


def asks_whether_not(text: str) -> bool:
    """True where ``text`` asks whether something did not happen; asking when it did not is another question."""
    if _WHICH.search(text) or not (QUIET.search(text) or _NEVER.search(text)):
        return False
    return _WHETHER.search(text) is not None


def turned(text: str) -> str:
    """``text`` asking whether it did happen."""
    for pattern, positive in _TURNS:
        text = pattern.sub(positive, text)
    return text


def _any(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_WHICH = _any(r"\b(?:when|where|which|who|what|how)\b|什么时候|何时|哪|几点|什么时间|언제|어디|어느")
_WHETHER = _any(
    r"^\W*(?:did|do|does|is|are|was|were|has|have|had|can|could|will|would)\b"
    r"|吗|是不是|是否|\?\s*$|？\s*$|나요|까요|습니까"
)
_NEVER = _any(r"\bnever\b|\bnothing\b|从来?没有?|从未|절대|한\s?번도")
_TURNS = (
    (_any(r"\b(?:no\s?-?one|nobody|not\s+a\s+soul)\b"), "anybody"),
    (_any(r"\bnothing\b"), "anything"),
    (_any(r"\bnever\b"), "ever"),
    (_any(r"\bno\s+(?=people|person|motion|movement|activity|visitors?|cars?|traffic)"), "any "),
    (_any(r"\b(?:empty|deserted|unattended)\b"), "with anybody in it"),
    (_any(r"从来?没有?|从未"), "曾经"),
    (_any(r"(?:是不是|是否)(?:都)?没有?(?=人)"), "是否有"),
    (_any(r"(?<!有)没有?(?=人)"), "有"),
    (_any(r"空无一人|无人"), "有人"),
    (_any(r"没有?动静|静止"), "有动静"),
    (_any(r"아무도"), "누군가"),
    (_any(r"아무\s?것도"), "무언가"),
    (_any(r"안\s+(?=[왔와들나지])"), ""),
    (_any(r"(?<=[가-힣])지\s*않(?:았|는)(?=나요|습니까|을까요)"), "었"),
    (_any(r"움직임이\s*없"), "움직임이 있"),
    (_any(r"없(?=었|나|습|을)"), "있"),
    (_any(r"절대(?:로)?\s*|한\s?번도\s*"), ""),
)
