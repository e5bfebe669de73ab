"""What motion alone can say to a question: when something moved, where in the picture, and when nothing did. Pure.

Without a model nobody knows what moved; where one has seen it too, it says what. A question about someone or something
that comes, passes or moves is answered with the motion that was seen, and the answer says that it was only motion; what
else the question describes lowers its score, down to "not found".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, tzinfo

from videoqa.answering.happening import in_order, when
from videoqa.answering.question import QUIET, Place, Question
from videoqa.answers import Moment
from videoqa.events import Event, Source
from videoqa.media import ZERO, Coverage, CoverageState, Recording, Span
from videoqa.ports import Lexicon

ENOUGH = 0.5
"""Share of a question's words that must be about motion for motion to be worth proposing."""
SAME = 0.5
"""What moved is what a model saw where this share of the shorter one lies in the other."""
SHORTEST_QUIET = timedelta(seconds=2)
SURE = 0.9
"""Score of the strongest motion there is, to a question about nothing but motion."""
LIKELY = 0.6
"""Score of the slightest."""

_THINGS = """
    somebody someone anybody anyone person people man men woman women child children kid boy girl visitor pedestrian
    walker intruder figure guy driver rider cyclist animal dog cat bird car vehicle van truck lorry bus bike bicycle
    motorcycle motorbike scooter taxi something anything object
"""
_MOVES = """
    move motion movement activity arrive arrival come enter appear show leave exit depart disappear pass cross walk run
    drive ride go approach return stop park happen traffic came went gone ran drove rode
"""
_PLACES = """
    picture frame scene view image screen camera area part side corner edge left right upper lower top bottom middle
    centre center time yard gate door road street
"""
_WORDS = frozenset(f"{_THINGS} {_MOVES} {_PLACES}".split())
_SUBJECTS = frozenset(f"{_THINGS} {_MOVES}".split())
_OTHER_SCRIPTS = re.compile(
    r"有没有|有人|有车|有东西|东西|物体|人们|行人|人|汽车|车辆|卡车|货车|自行车|车|狗|猫|动物|移动|运动|动静|活动|来|去|走|跑|进|出|"
    r"经过|出现|离开|到达|路过|画面|镜头|左上|右上|左下|右下|左|右|上|下|边|侧|角|中间|里|在|有|过|"
    r"누가|누군가|사람|차량|자동차|차|움직임|움직|지나|들어|나가|나타|왔|오|가|화면|왼쪽|오른쪽|위쪽|아래쪽|위|아래"
)
_EVERYWHERE = "all over the picture"
"""What takes up the whole picture moves in each part of it, if less surely than what moves only there."""
_REGIONS = {
    "left": ("left", "左", "왼쪽"),
    "right": ("right", "右", "오른쪽"),
    "upper": ("upper", "top", "上", "위"),
    "lower": ("lower", "bottom", "下", "아래"),
    "middle": ("middle", "centre", "center", "中间", "가운데"),
}
_HEADING = re.compile(
    r"\b(?:moving|moves?|going|goes|heading|to(?:wards?)?)\s+(?:to\s+)?(?:the\s+)?(?P<way>left|right|up|down)\b"
)


def share(question: Question, lexicon: Lexicon) -> float:
    """How much of ``question`` is about motion, 0 to 1."""
    text = QUIET.sub(" ", question.content).lower() if question.quiet else question.content.lower()
    spoken = set(re.findall(r"[a-z]+", text))
    subjects = {lexicon.term(word) for word in _SUBJECTS}
    words = [word for word in lexicon.words(text) if word.isascii()]
    others = "".join(char for char in text if char.isalpha() and not char.isascii())
    about = sum(lexicon.term(word) in {lexicon.term(known) for known in _WORDS} for word in words)
    rest = "".join(_OTHER_SCRIPTS.sub(" ", others).split())
    if not question.quiet and not others and not any(lexicon.term(word) in subjects for word in spoken):
        return 0.0
    total = len(words) + len(others)
    return (about + len(others) - len(rest)) / total if total else 1.0


def seen(
    question: Question,
    recording: Recording,
    spans: Sequence[Span],
    events: Sequence[Event],
    lexicon: Lexicon,
) -> list[Moment]:
    """The motion among ``events`` that lies in ``spans`` and where the question says."""
    about = share(question, lexicon)
    text = question.content.lower()
    heading = {match["way"] for match in _HEADING.finditer(text)}
    text = _HEADING.sub(" ", text)
    places = {place for place, names in _REGIONS.items() if any(name in text for name in names)}
    found: list[Moment] = []
    for event in events:
        place, _, way = event.description.partition(", moving ")
        everywhere = _EVERYWHERE in place
        if not ((everywhere or places <= set(lexicon.words(place))) and heading <= set(lexicon.words(way))):
            continue
        sure = 0.0 if everywhere and places else event.strength or 0.0
        score = about * (LIKELY + (SURE - LIKELY) * sure)
        for span in spans:
            if (inside := event.span.intersection(span)) is not None:
                found.append(Moment(recording.id, recording.title, inside, event.description, score, (Source.MOTION,)))
    return found


def named(moments: Sequence[Moment], events: Sequence[Event]) -> list[Moment]:
    """``moments`` of one recording, told by those of ``events``, which a model saw in it, that they are."""
    found: list[Moment] = []
    for moment in moments:
        both = [(event, moment.span.intersection(event.span)) for event in events]
        shared = [
            (part.length, event)
            for event, part in both
            if part is not None and part.length >= SAME * min(moment.span.length, event.span.length)
        ]
        if not shared:
            found.append(moment)
            continue
        _, seen_by_model = max(shared, key=lambda pair: pair[0])
        told = seen_by_model.description or seen_by_model.label
        found.append(replace(moment, text=told, sources=(Source.MODEL, *moment.sources)))
    return found


def quiet(recording: Recording, spans: Sequence[Span], events: Sequence[Event], coverage: Coverage) -> list[Moment]:
    """The parts of ``spans`` that were looked at and in which nothing moved."""
    looked = [part.span for part in coverage.spans if part.state in {CoverageState.ANALYSED, CoverageState.STATIC}]
    still = _joined(looked)
    for event in events:
        still = [part for span in still for part in _without(span, event.span)]
    parts = [both for span in spans for part in still if (both := span.intersection(part)) is not None]
    return [
        Moment(recording.id, recording.title, part, "nothing moves", LIKELY, (Source.MOTION,))
        for part in parts
        if part.length >= SHORTEST_QUIET
    ]


def ranked(moments: Sequence[Moment], place: Place | None, asked: Sequence[Recording]) -> tuple[Moment, ...]:
    """``moments`` with the surest first, longer ones before shorter; in order of time where the question asks that."""
    if place is not None:
        return tuple(sorted(moments, key=in_order(moments, asked), reverse=place is Place.LAST))
    return tuple(sorted(moments, key=lambda moment: (-moment.score, -moment.span.length, moment.span)))


def told(question: Question, moments: Sequence[Moment], asked: Sequence[Recording], zone: tzinfo) -> str:
    """What ``moments``, at least one, say, and what they cannot say."""
    best = moments[0]
    where = when(best, asked, zone)
    if question.quiet:
        return f"Nothing moved at {where}. Whoever kept still would not have been noticed."
    if Source.MODEL in best.sources:
        return best.text
    return f"Something moved at {where}: {best.text}. Only motion was seen; what moved cannot be told without a model."


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and joined[-1].touches(span):
            joined[-1] = joined[-1].union(span)
        else:
            joined.append(span)
    return joined


def _without(span: Span, taken: Span) -> list[Span]:
    if not span.overlaps(taken):
        return [span]
    edges = ((span.start, taken.start), (taken.end, span.end))
    return [Span(start, end) for start, end in edges if end - start > ZERO]
