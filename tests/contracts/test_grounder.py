"""What everybody who is asked about frames keeps to, whether a model looks or the truth is known."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from PIL import Image

from tests.scripted_model import Failed, Request, Said, ScriptedModel
from videoqa.analyser.model.grounder import ModelGrounder
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.errors import ModelUnreachable
from videoqa.media import Cue, FrameGroup, Span
from videoqa.ports import Finding, Grounder
from videoqa.testing.grounder import TruthfulGrounder

FRAME = timedelta(seconds=0.5)


def seconds(start: float, end: float) -> Span:
    return Span(timedelta(seconds=start), timedelta(seconds=end))


TRUTH = {"van": (seconds(151, 156),), "people": (seconds(64, 90), seconds(66, 80))}


class Grey:
    """Pictures without anything on them."""

    def __init__(self) -> None:
        buffer = io.BytesIO()
        Image.new("RGB", (64, 64), (90, 90, 90)).save(buffer, "JPEG")
        self._jpeg = buffer.getvalue()

    def jpeg(self, pts: timedelta) -> bytes:
        return self._jpeg


def group(start: float, end: float, cues: Sequence[Cue] = ()) -> FrameGroup:
    span = seconds(start, end)
    return FrameGroup(
        0, span, tuple(span.start + number * FRAME for number in range(span.length // FRAME)), tuple(cues)
    )


def truthful(request: Request) -> Said:
    """Replies as a model would that sees ``TRUTH`` in what it is shown."""
    if request.schema is None:
        return Said("There is a van, at the gate [1]. It is white [2].")
    asked = [word for word in TRUTH if word in request.prompt]
    counting = "count" in request.schema["properties"]
    spans = [span for word in asked for span in TRUTH[word]]
    shown = [
        stamp for stamp in request.stamps if any(span.start <= timedelta(seconds=stamp) < span.end for span in spans)
    ]
    reply: dict[str, object] = {"verdict": "yes" if shown else "no", "sentence": "There it is." if shown else "No.",
                                "first": str(shown[0]) if shown else None, "last": str(shown[-1]) if shown else None,
                                "certainty": 0.8}  # fmt: skip
    return Said(reply | ({"count": len(spans) if shown else 0} if counting else {}))


@dataclass(frozen=True)
class Asked:
    """A grounder, and how to take it away."""

    grounder: Grounder
    take_away: Callable[[], None]


@pytest.fixture(params=["truth", "model", "model by single images"])
def asked(request: pytest.FixtureRequest) -> Iterator[Asked]:
    if request.param == "truth":
        truth = TruthfulGrounder(TRUTH)
        yield Asked(truth, lambda: setattr(truth, "away", True))
        return
    with ScriptedModel(truthful, kwargs=request.param == "model") as server:
        grounder = ModelGrounder(ModelServer(server.url), Prompts.load("en"))

        def take_away() -> None:
            server.script = lambda _: Failed(503)

        yield Asked(grounder, take_away)


@pytest.fixture
def grounder(asked: Asked) -> Grounder:
    return asked.grounder


def test_it_has_a_name_and_says_what_it_wants_to_be_shown(grounder: Grounder) -> None:
    assert grounder.seen_by
    assert grounder.sampling.period > timedelta(0)
    assert grounder.most_frames >= 16


def test_what_bears_a_question_out_is_narrowed_to_its_frames(grounder: Grounder) -> None:
    shown = group(148, 160)
    finding = grounder.ground("When does a van drive through?", shown, Grey())
    assert finding.span is not None
    assert abs(finding.span.start - timedelta(seconds=151)) <= 2 * FRAME
    assert abs(finding.span.end - timedelta(seconds=156)) <= 2 * FRAME
    assert 0 <= finding.confidence <= 1
    assert finding.sentence
    assert finding.count is None


def test_a_span_goes_from_the_first_cited_frame_to_the_first_one_behind_the_last(grounder: Grounder) -> None:
    shown = group(148, 160)
    finding = grounder.ground("When does a van drive through?", shown, Grey())
    assert finding.span is not None
    assert set(finding.frames) <= set(shown.times)
    assert list(finding.frames) == sorted(finding.frames)
    assert finding.span.start == finding.frames[0]
    assert finding.span.end == next(pts for pts in shown.times if pts > finding.frames[-1])


def test_what_is_shown_to_the_end_lasts_until_the_end(grounder: Grounder) -> None:
    shown = group(150, 154)
    finding = grounder.ground("When does a van drive through?", shown, Grey())
    assert finding.span is not None
    assert finding.span.end == shown.span.end


def test_what_does_not_bear_a_question_out_is_rejected_with_a_reason(grounder: Grounder) -> None:
    finding = grounder.ground("When does a van drive through?", group(20, 40), Grey())
    assert finding.span is None
    assert finding.frames == ()
    assert finding.sentence


def test_a_count_comes_where_one_is_asked_for(grounder: Grounder) -> None:
    finding = grounder.ground("How many people are there?", group(60, 92), Grey(), counting=True)
    assert finding.span is not None
    assert finding.count == 2


def test_the_same_question_over_the_same_frames_gets_the_same_finding(grounder: Grounder) -> None:
    def look() -> Finding:
        return grounder.ground("When does a van drive through?", group(148, 160), Grey())

    one, two = look(), look()
    assert (one.span, one.frames, one.sentence, one.count) == (two.span, two.frames, two.sentence, two.count)


def test_several_moments_may_be_looked_at_at_once(grounder: Grounder) -> None:
    groups = [group(start, start + 12) for start in (148, 20, 149, 0, 150, 100)]
    with ThreadPoolExecutor(6) as pool:
        found = pool.map(lambda shown: grounder.ground("When does a van come?", shown, Grey()), groups)
    assert [finding.span is not None for finding in found] == [True, False, True, False, True, False]


def test_an_answer_cites_its_findings_by_number(grounder: Grounder) -> None:
    findings = [
        (f"yard.mp4, {number}", grounder.ground("When does a van come?", group(148 + number, 160), Grey()))
        for number in (1, 2)
    ]
    pieces = list(grounder.compose("When does a van come?", findings))
    assert len(pieces) > 1
    assert "[1]" in "".join(pieces)
    assert "[2]" in "".join(pieces)


def test_a_description_is_text_that_comes_piece_by_piece(grounder: Grounder) -> None:
    assert "van" in "".join(grounder.describe(group(148, 160), Grey(), "vans"))


def test_a_summary_is_made_of_any_number_of_lines(grounder: Grounder) -> None:
    lines = [f"00:00:{number % 60:02d} motion on the left" for number in range(500)]
    assert "".join(grounder.summarise("yard.mp4", lines)).strip()


def test_one_that_went_away_says_so_whatever_it_is_asked(asked: Asked) -> None:
    finding = asked.grounder.ground("When does a van come?", group(148, 160), Grey())
    asked.take_away()
    for ask in (
        lambda: asked.grounder.ground("When does a van come?", group(148, 160), Grey()),
        lambda: list(asked.grounder.compose("When?", [("yard.mp4", finding)])),
        lambda: list(asked.grounder.describe(group(148, 160), Grey())),
        lambda: list(asked.grounder.summarise("yard.mp4", ["00:00:00 motion"])),
    ):
        with pytest.raises(ModelUnreachable):
            ask()
