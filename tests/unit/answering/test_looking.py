from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.answering.yard import LENGTH, YARD, SteadyCloseups, place, recording, seconds
from videoqa.answering.looking import CloseLooks, Glance, unseen
from videoqa.answers import Moment
from videoqa.errors import EmptyFootage, ModelUnreachable, Undecided, Unexpected
from videoqa.events import Source, Usage
from videoqa.media import ZERO, Cue, FrameGroup, Recording, Sampling, Span
from videoqa.ports import Closeup, Finding, Pictures
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.grounder import TruthfulGrounder

WHOLE = {"yard": (Span(ZERO, LENGTH),)}


def moment(span: Span) -> Moment:
    return Moment("yard", "yard.mp4", span, "motion", 0.5, (Source.MOTION,))


def looked(truth: Span, *proposed: Span, most_frames: int = 256) -> list[Glance]:
    grounder = TruthfulGrounder({"van": [truth]}, most_frames=most_frames)
    looks = CloseLooks(MemoryArchive(), SteadyCloseups(), grounder)
    return list(looks.look("a van?", [moment(span) for span in proposed], {"yard": YARD}, WHOLE))


@given(
    st.floats(0, 230), st.floats(0.5, 60), st.floats(-0.9, 0.9), st.floats(0.5, 40)
)  # where the truth begins, how long it is, how the proposal lies to it, how long that is
@settings(max_examples=150, deadline=None)
def test_whatever_part_of_it_is_proposed_the_truth_is_found_to_a_frame(
    start: float, length: float, shift: float, proposed: float
) -> None:
    truth = seconds(start, start + length)
    middle = max(start + length / 2 + shift * length / 2, proposed / 2)
    (glance,) = looked(truth, seconds(middle - proposed / 2, middle + proposed / 2))
    assert glance.finding is not None
    found = glance.finding.span
    assert found is not None
    # Two widenings take a look to nine times its length, three of these on either side.
    if length <= 3 * proposed:
        assert abs(found.start - truth.start) <= timedelta(seconds=1)
        assert abs(found.end - truth.end) <= timedelta(seconds=1)


def test_glances_come_in_the_order_of_their_moments_as_soon_as_each_is_known() -> None:
    class Slow(TruthfulGrounder):
        def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
            time.sleep(0 if group.span.start < timedelta(seconds=50) else 0.4)
            return super().ground(question, group, pictures, counting=counting)

    looks = CloseLooks(MemoryArchive(), SteadyCloseups(), Slow({"van": [seconds(20, 30)]}))
    moments = [moment(seconds(20, 30)), moment(seconds(100, 110))]
    began = time.monotonic()
    glances = looks.look("a van?", moments, {"yard": YARD}, WHOLE)
    assert next(glances).proposed == moments[0]
    assert time.monotonic() - began < 0.3
    assert next(glances).proposed == moments[1]


def test_no_more_moments_are_looked_at_at_once_than_were_said() -> None:
    most, now, lock = 0, 0, threading.Lock()

    class Watched(TruthfulGrounder):
        def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
            nonlocal most, now
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.02)
            with lock:
                now -= 1
            return super().ground(question, group, pictures, counting=counting)

    looks = CloseLooks(MemoryArchive(), SteadyCloseups(), Watched({"van": []}), at_once=2)
    moments = [moment(seconds(20 * number, 20 * number + 5)) for number in range(8)]
    assert len(list(looks.look("a van?", moments, {"yard": YARD}, WHOLE))) == 8
    assert most == 2


def test_when_the_model_goes_away_what_was_not_begun_is_not_tried() -> None:
    grounder = TruthfulGrounder({"van": []}, away=True)
    closeups = SteadyCloseups()
    looks = CloseLooks(MemoryArchive(), closeups, grounder, at_once=1)
    moments = [moment(seconds(20 * number, 20 * number + 5)) for number in range(10)]
    glances = list(looks.look("a van?", moments, {"yard": YARD}, WHOLE))
    assert all(isinstance(glance.problem, ModelUnreachable) for glance in glances)
    assert len(closeups.taken) <= 3


def test_footage_without_a_picture_is_judged_by_its_words() -> None:
    class Silent(SteadyCloseups):
        def take(self, recording: Recording, span: Span, sampling: Sampling) -> Closeup:
            raise EmptyFootage(problem="sound alone")

    talk = recording("yard")
    there = place(talk, events=(), cues=[Cue(seconds(60, 65), "Here comes the van.", "en")])
    grounder = TruthfulGrounder({"van": [seconds(60, 65)]})
    looks = CloseLooks(there.archive, Silent(), grounder)
    spoken, silent = looks.look("a van?", [moment(seconds(60, 65)), moment(seconds(150, 160))], {"yard": talk}, WHOLE)
    assert spoken.finding is not None
    assert [cue.text for cue in grounder.asked[0][1].cues] == ["Here comes the van."]
    assert isinstance(silent.problem, EmptyFootage)


def test_marks_in_what_was_found_are_not_taken_for_citations() -> None:
    class Marked(TruthfulGrounder):
        def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
            return Finding(group.span, group.times, "The sign\nreads: ignore that [2].", 1.0)

    looks = CloseLooks(MemoryArchive(), SteadyCloseups(), Marked({}))
    (glance,) = looks.look("a van?", [moment(seconds(20, 30))], {"yard": YARD}, WHOLE)
    assert glance.finding is not None
    assert glance.finding.sentence == "The sign reads: ignore that."


def test_what_a_wider_look_does_not_see_again_stands_and_both_are_paid_for() -> None:
    class Near(TruthfulGrounder):
        def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
            if group.span.length > timedelta(seconds=20):
                return Finding(None, (), "Too far.", 0.5, usage=Usage(prompt_tokens=7))
            return Finding(group.span, group.times, "A van.", 0.5, usage=Usage(prompt_tokens=5))

    looks = CloseLooks(MemoryArchive(), SteadyCloseups(), Near({}))
    (glance,) = looks.look("a van?", [moment(seconds(20, 28))], {"yard": YARD}, WHOLE)
    assert glance.finding is not None
    assert glance.finding.span is not None
    assert glance.usage.prompt_tokens == 12


def test_of_two_stretches_asked_about_the_one_that_shows_more_of_it_counts() -> None:
    looks = CloseLooks(MemoryArchive(), SteadyCloseups(), TruthfulGrounder({"van": [seconds(20, 30)]}))
    asked = {"yard": (seconds(0, 22), seconds(24, 40))}
    (glance,) = looks.look("a van?", [moment(seconds(20, 30))], {"yard": YARD}, asked)
    assert glance.finding is not None
    assert glance.finding.span is not None
    assert glance.finding.span.start == timedelta(seconds=24)


@pytest.mark.parametrize(("within", "span"), [((21, 24), (21, 24)), ((5, 22), (20, 22))])
def test_what_is_found_is_cut_to_what_was_asked_about(within: tuple[float, float], span: tuple[float, float]) -> None:
    grounder = TruthfulGrounder({"van": [seconds(20, 30)]})
    looks = CloseLooks(MemoryArchive(), SteadyCloseups(), grounder)
    asked = {"yard": (seconds(*within),)}
    (glance,) = looks.look("a van?", [moment(seconds(20, 30))], {"yard": YARD}, asked)
    assert glance.finding is not None
    assert glance.finding.span is not None
    assert abs(glance.finding.span.start - seconds(*span).start) <= timedelta(seconds=0.3)
    assert abs(glance.finding.span.end - seconds(*span).end) <= timedelta(seconds=0.3)


def test_a_look_that_breaks_is_the_problem_of_its_moment_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(TruthfulGrounder):
        def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
            if group.span.start > timedelta(seconds=50):
                raise KeyError("choices")
            return super().ground(question, group, pictures, counting=counting)

    looks = CloseLooks(MemoryArchive(), SteadyCloseups(), Broken({"van": [seconds(20, 30)]}))
    moments = [moment(seconds(100, 110)), moment(seconds(20, 30))]
    broken, seen = looks.look("a van?", moments, {"yard": YARD}, WHOLE)
    assert isinstance(broken.problem, Unexpected)
    assert "KeyError" in str(broken.problem)
    assert caplog.records[0].exc_info
    assert seen.finding is not None


def test_what_the_frames_do_not_let_one_tell_is_said_so() -> None:
    glance = Glance(moment(seconds(20, 30)), problem=Undecided(problem="It is too dark.", usage=Usage(prompt_tokens=5)))
    assert glance.usage.prompt_tokens == 5
    assert unseen(glance) == (
        "00:00:20-00:00:30 of yard.mp4 is not confirmed: The frames do not let one tell (It is too dark.)."
    )


def test_of_an_hour_both_ends_are_looked_at_finely_and_what_lies_between_stands() -> None:
    day = recording("yard", timedelta(hours=3))
    closeups = SteadyCloseups()
    grounder = TruthfulGrounder({"van": [seconds(3610, 7190)]})
    asked = {"yard": (Span(ZERO, day.length),)}
    looks = CloseLooks(MemoryArchive(), closeups, grounder)
    (glance,) = looks.look("a van?", [moment(seconds(3600, 7200))], {"yard": day}, asked)
    assert glance.finding is not None
    assert glance.finding.span is not None
    assert abs(glance.finding.span.start - timedelta(seconds=3610)) <= timedelta(seconds=1)
    assert abs(glance.finding.span.end - timedelta(seconds=7190)) <= timedelta(seconds=1)
    assert all(span.length <= timedelta(seconds=120) for _, span, _ in closeups.taken)
    assert all(sampling.period <= timedelta(seconds=1) for _, _, sampling in closeups.taken)


def test_a_long_moment_that_is_rejected_says_what_was_looked_at() -> None:
    day = recording("yard", timedelta(hours=3))
    looks = CloseLooks(MemoryArchive(), SteadyCloseups(), TruthfulGrounder({"van": []}))
    asked = {"yard": (Span(ZERO, day.length),)}
    (glance,) = looks.look("a van?", [moment(seconds(3600, 7200))], {"yard": day}, asked)
    assert glance.finding is not None
    assert "only 00:59:56-01:01:56 and 01:58:04-02:00:04 were looked at" in glance.finding.sentence
