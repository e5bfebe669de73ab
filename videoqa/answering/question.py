"""Reads a question: what it looks for, and what it says of when, in which order, and without what. Pure.

Phrases of time, order and negation are understood and taken out, since as words they would match passages that merely
use them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import Enum

from videoqa.answering.clock import Daily, read_clock
from videoqa.answering.stretches import Stretch, read_stretches
from videoqa.answers import WallClock


class Place(Enum):
    """Which of several moments is asked for."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Question:
    """``content`` is what to look for. A moment lies in all of ``stretches``, in ``clock`` and in ``daily`` hours.

    ``without`` are words that speak against a moment. ``after`` and ``before`` describe what the moment follows or
    comes before; they are empty where the question does not say. ``quiet`` is True where it asks when nothing moves
    or nobody is there, ``counting`` where it asks how many there are. ``plain`` is the question itself without what it
    says of time and order.
    """

    content: str
    stretches: tuple[Stretch, ...] = ()
    clock: WallClock | None = None
    daily: Daily | None = None
    without: str = ""
    after: str = ""
    before: str = ""
    place: Place | None = None
    quiet: bool = False
    counting: bool = False
    plain: str = ""

    @property
    def timed(self) -> bool:
        """True where it says when, so that what it asks about differs from recording to recording."""
        return bool(self.stretches) or self.clock is not None or self.daily is not None


@dataclass(slots=True)
class _Rest:
    """What is left to read of a question, and what was read."""

    text: str
    taken: dict[str, str] = field(default_factory=dict)

    def take(self, pattern: re.Pattern[str], name: str) -> None:
        """Cuts the first match of ``pattern`` out, all but its group ``rest``, and keeps its group ``name``."""
        if name not in self.taken and (match := pattern.search(self.text)) is not None:
            groups = match.groupdict()
            self.taken[name] = (groups.get(name) or match[0]).strip(" ,，")
            self.text = f"{self.text[: match.start()]} {groups.get('rest') or ''} {self.text[match.end() :]}"


def read(text: str, now: datetime, zone: tzinfo, *, clocks: bool, of_day: bool = False) -> Question:
    """What ``text`` asks. ``now`` is aware; days begin and end in ``zone``.

    ``clocks`` says that the wall clock of some recording is known; otherwise "yesterday" is a word like any other.
    With ``of_day`` 22:00 is a time of day, and no time of the footage.
    """
    clock: WallClock | None = None
    daily: Daily | None = None
    remaining = text
    if clocks and of_day:
        remaining, clock, daily = read_clock(remaining, now, zone, of_day=True)
    remaining, stretches = read_stretches(remaining)
    if clocks and not of_day:
        remaining, clock, daily = read_clock(remaining, now, zone)
    rest = _Rest(remaining)
    quiet = QUIET.search(rest.text) is not None
    for pattern, name in _TAKEN:
        rest.take(pattern, name)
    place = Place.FIRST if "first" in rest.taken else Place.LAST if "last" in rest.taken else None
    return Question(
        content=" ".join(_FRAME.sub(" ", rest.text).split()),
        stretches=stretches,
        clock=clock,
        daily=daily,
        without=rest.taken.get("without", ""),
        after=_FRAME.sub(" ", rest.taken.get("after", "")).strip(),
        before=_FRAME.sub(" ", rest.taken.get("before", "")).strip(),
        place=place,
        quiet=quiet,
        counting=counts(text),
        plain=" ".join(rest.text.split()),
    )


def counts(text: str) -> bool:
    """True where ``text`` asks for a number; "when does he say how many" asks for a time."""
    found = _COUNTING.search(text)
    return found is not None and not _WHEN.search(text[: found.start()])


def _any(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_ASKS = r"(?:when|where|at\s+what|at\s+which|what|which|how|who|show|find)"
_BEGINS = rf"(?:{_ASKS}|did|do|does|is|are|was|were|has|have|had|can|could)"
_HAPPENS = (
    r"(?:left|leav\w+|came|com(?:es|ing)|arriv\w+|enter\w*|park\w*|stop\w*|pass\w*|dr(?:ove|iv\w+)|walk\w*|appear\w*"
    r"|disappear\w*|went|goes|gone|ran|runs?)"
)
_TELLS = (
    r"(?:he|she|they|it|we|you|i|the\s+\w+|explaining|showing|describing|introducing|talking|mentioning|discussing"
    rf"|(?:some|any)(?:one|body)|an?\s+(?:\w+\s+)?\w+\s+(?:has\s+|had\s+)?{_HAPPENS})"
)
_FEW_WORDS = r"(?:[\w'-]+\s*){1,4}?"
_STOP = r"(?=$|[,.?;!]|\s+(?:when|where|in|on|at|after|before|during|between|while|and)\b)"

_TAKEN: tuple[tuple[re.Pattern[str], str], ...] = (
    (_any(rf"^\s*(?:after|once|as\s+soon\s+as)\s+(?P<after>[^,，]+?)\s*,\s*(?P<rest>{_BEGINS}\b)"), "after"),
    (_any(rf"^\s*before\s+(?P<before>[^,，]+?)\s*,\s*(?P<rest>{_BEGINS}\b)"), "before"),
    (_any(rf"(?<=[\w,])\s+after\s+(?P<after>{_TELLS}\b[^,?]+)"), "after"),
    (_any(rf"(?<=[\w,])\s+before\s+(?P<before>{_TELLS}\b[^,?]+)"), "before"),
    (_any(r"^\s*在?(?P<after>[^,，]{2,}?)(?:之后|以后|后)[,，]"), "after"),
    (_any(r"^\s*在?(?P<before>[^,，]{2,}?)(?:之前|以前|前)[,，]"), "before"),
    (_any(r"^\s*(?P<after>[^,，]{2,}?)\s*(?:한|은|ㄴ|난)?\s+(?:후에|뒤에|다음에)[,\s]"), "after"),
    (
        _any(
            r"\b(?:without|excluding|other\s+than|apart\s+from|with\s+no|but\s+not|except(?:\s+for)?)\s+"
            rf"(?:any\s+|the\s+|a\s+|an\s+)?(?P<without>{_FEW_WORDS}){_STOP}"
        ),
        "without",
    ),
    (_any(r"(?:除了|除去)(?P<without>[^,，]+?)(?:以外|之外|外)[,，]?"), "without"),
    (_any(r"(?:不包括|不含|不带|没有提到|没有)(?P<without>(?!人)\w{2,6}?)(?=的|[,，？?]|$)"), "without"),
    (_any(r"(?P<without>\w+?)(?:을|를)?\s*(?:없이|제외하고|말고|빼고)"), "without"),
    (_any(r"\b(?:for\s+)?(?P<first>(?:the|^)\s*first\s+time)\b|第一次|首次|처음(?:으로)?"), "first"),
    (_any(r"\b(?:for\s+)?(?P<last>(?:the|^)\s*last\s+time)\b|最后一次|마지막으로"), "last"),
    (_any(r"^\s*(?:the\s+)?(?P<first>first)\s+(?=movement|motion|activity)"), "first"),
    (_any(r"^\s*(?:the\s+)?(?P<last>last)\s+(?=movement|motion|activity)"), "last"),
    (_any(rf"\b{_ASKS}\s+(?:do|does|did|is|are|was|were)\s+(?:[\w'-]+\s+){{0,3}}?(?P<first>first)\s+(?=\w)"), "first"),
    (_any(r"\b(?:does|do|did|is|are|was|were)\s+(?:[\w'-]+\s+){1,5}?last\s+(?=\w+(?:ed|en|s)?\b)"), "last"),
)
"""What is cut out, in this order, and the name it is kept by."""

QUIET = _any(
    r"\b(?:no\s?-?one|nobody|not\s+a\s+soul|no\s+(?:people|person|motion|movement|activity|visitors?|cars?|traffic)"
    r"|nothing\s+(?:moves?|moving|happens?|happening|is\s+moving|is\s+happening)|empty|deserted|unattended)\b"
    r"|(?<!有)没有?人|无人|空无一人|没有?动静|静止|아무도|아무\s?것도|움직임이\s*없|비어"
)
_COUNTING = _any(
    r"\bhow\s+(?:many|often)\b|\bcount\s+(?:the|all|how)\b|\b(?:the\s+)?number\s+of\b(?=.*\?)"
    r"|多少(?!钱)|几(?=[个位辆只次台条头匹名架艘])|몇\s*(?:명|대|번|개|마리|분|사람)|얼마나\s*많"
)
"""What asks for a number of things, people or times."""
WHATEVER = _any(
    r"\bhappen(?:s|ed|ing)?\b|\bgo(?:es|ing)\s+on\b|\bnext\b|\bthen\b|发生了?|什么事?|무슨\s*일이?|있었|일어났|나요|습니까"
)
"""What asks for anything that was seen, and for nothing in particular."""
_WHEN = _any(r"\b(?:when|where)\b|什么时候|何时|哪|언제|어디")
_FRAME = _any(
    r"\b(?:in|of|during)\s+(?:the|this|that)\s+(?:video|recording|lecture|talk|footage|film|clip|class|session)\b"
    r"|什么时候|什么时间|什么地方|什么|哪些地方|哪个地方|哪个时候|哪一?段|那一段|哪里|哪儿|何时|时候|请问|是在|在哪|怎么|如何"
    r"|[他她它我你](?:们)?|[的了吗呢吧]"
    r"|언제|어디에?서?|어느\s*부분(?:에서)?|무엇을?|나요|까요|습니까"
)
"""What frames a question and is not asked for. English question words are function words: the index leaves them out."""
