from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.answering.yard import MOTIONS, TRUTH, YARD, motion, place, recording, seconds, seen
from videoqa.answering.calibration import FOUND
from videoqa.answering.census import UNJUDGED
from videoqa.answering.grounded import MOMENTS, UNCONFIRMED
from videoqa.answering.verdict import CUT_OFF, UNAIDED
from videoqa.answers import Answer, Confirmed, Proposed, Rejected, Told, Unconfirmed, WallClock
from videoqa.errors import BadQuestion, BadReply, ModelUnreachable, NoSuchFile, UnfitModel
from videoqa.events import Source
from videoqa.media import Coverage, CoverageState, CoveredSpan, Cue, FrameGroup, Sampling
from videoqa.ports import AnalysisKind, Closeup, Finding, Pictures
from videoqa.testing.grounder import TruthfulGrounder

STAMP = timedelta(seconds=0.5)


@dataclass(slots=True)
class Failing(TruthfulGrounder):
    """Fails at the moments that overlap ``at``."""

    at: tuple[tuple[float, float], ...] = ((0.0, 1e6),)
    error: type[Exception] = BadReply

    def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
        if any(group.span.overlaps(seconds(*span)) for span in self.at):
            raise self.error(problem="it is broken", url="http://localhost")
        return TruthfulGrounder.ground(self, question, group, pictures, counting=counting)


class Away:
    """A model that does not answer at all."""

    def __init__(self, error: type[Exception] = ModelUnreachable) -> None:
        self._error = error

    def __getattr__(self, name: str) -> object:
        raise self._error(url="http://localhost", model="tiny", problem="connection refused")


@dataclass(slots=True)
class Writing(TruthfulGrounder):
    """Composes what it is told to, by the piece."""

    written: str = ""
    breaks: bool = False

    def compose(self, question: str, findings: Sequence[tuple[str, Finding]]) -> Iterator[str]:
        yield from self.written
        if self.breaks:
            raise ModelUnreachable(url="http://localhost", problem="reset")


def test_a_right_proposal_is_narrowed_to_what_was_seen() -> None:
    answer = place().grounded(TruthfulGrounder(TRUTH)).ask("When does a van drive through the yard?")
    assert answer.found
    assert answer.given_by == "oracle"
    best = answer.moments[0]
    assert abs(best.span.start - timedelta(seconds=151)) <= STAMP
    assert abs(best.span.end - timedelta(seconds=156)) <= STAMP
    assert best.score >= FOUND
    assert best.sources == (Source.MODEL, Source.MOTION)
    assert answer.text == "There is a van. [1]"
    assert [(one.sentence, one.moment) for one in answer.citations] == [("There is a van. [1]", best)]


def test_what_goes_on_beyond_the_window_is_looked_at_to_its_ends() -> None:
    grounder = TruthfulGrounder({"fog": [seconds(130, 190)]})
    answer = place(events=MOTIONS[1:2]).grounded(grounder).ask("Is there somebody in the fog?")
    found = answer.moments[0].span
    assert abs(found.start - timedelta(seconds=130)) <= 2 * STAMP
    assert abs(found.end - timedelta(seconds=190)) <= 2 * STAMP
    assert len(grounder.asked) == 3


def test_what_goes_on_beyond_footage_that_cannot_be_read_ends_there() -> None:
    there = place(events=MOTIONS[1:2])
    take = there.closeups.take
    there.closeups.take = lambda *asked: take(*asked) if there.closeups.taken == [] else missing()  # type: ignore
    answer = there.grounded(TruthfulGrounder({"fog": [seconds(130, 190)]})).ask("Is there somebody in the fog?")
    assert answer.moments[0].span == seconds(148, 160)


def missing() -> Closeup:
    raise NoSuchFile(problem="gone")


def test_motion_with_a_pause_is_looked_at_in_one() -> None:
    events = (motion("yard", 62, 72, 0.9), motion("yard", 82, 93, 0.8))
    grounder = TruthfulGrounder({"somebody": [seconds(62, 93)]})
    answer = place(events=events).grounded(grounder).ask("When does somebody come to the yard?")
    assert len(grounder.asked) == 1
    assert answer.moments[0].span == seconds(62, 93)


def test_wrong_proposals_are_rejected_and_the_answer_says_where_was_looked() -> None:
    answer = place().grounded(TruthfulGrounder({**TRUTH, "dog": []})).ask("When does a dog run through the yard?")
    assert not answer.found
    assert (answer.text, answer.moments, answer.citations) == (None, (), ())
    assert [one.moment.span for one in answer.rejected] == [event.span for event in MOTIONS]
    assert answer.rejected[0].sentence == "There is no dog in it."
    assert "Not seen in what was looked at: 00:01:02-00:01:33 of yard.mp4" in answer.notes[0]
    assert answer.coverage.analysed == YARD.length


def test_what_the_index_put_first_and_the_model_rejects_is_not_in_the_answer() -> None:
    answer = place().grounded(TruthfulGrounder(TRUTH)).ask("When does a van drive through the yard?")
    assert answer.rejected[0].moment.span == MOTIONS[0].span
    assert all(moment.span.overlaps(MOTIONS[1].span) for moment in answer.moments)


def test_what_an_answer_cost_is_added_up() -> None:
    grounder = TruthfulGrounder(TRUTH)
    answer = place().grounded(grounder).ask("When does a van drive through the yard?")
    frames = sum(len(group.times) for _, group in grounder.asked)
    assert answer.usage.prompt_tokens == 100 * len(grounder.asked) + frames


def test_parts_come_in_order_and_every_moment_gets_its_verdict() -> None:
    parts = list(place().grounded(TruthfulGrounder(TRUTH)).ask_stream("When does somebody come to the yard?"))
    assert [type(part) for part in parts] == [
        Proposed, Proposed, Proposed, Confirmed, Rejected, Confirmed, Told, Told, Answer,
    ]  # fmt: skip
    answer = parts[-1]
    assert isinstance(answer, Answer)
    assert answer.text == " ".join(part.sentence for part in parts if isinstance(part, Told))


@pytest.mark.parametrize("at_once", range(3))
def test_the_order_is_the_same_however_slow_single_looks_are(at_once: int) -> None:
    @dataclass(slots=True)
    class Slow(TruthfulGrounder):
        def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
            threading.Event().wait(0.05 if int(group.span.start.total_seconds()) % 3 == at_once else 0)
            return TruthfulGrounder.ground(self, question, group, pictures, counting=counting)

    question = "When does somebody come to the yard?"
    slow = place().grounded(Slow(TRUTH)).ask_stream(question)
    assert list(slow) == list(place().grounded(TruthfulGrounder(TRUTH)).ask_stream(question))


def test_things_are_counted_over_moments_that_do_not_overlap() -> None:
    events = (*MOTIONS, motion("yard", 80, 100, 0.4))
    grounder = TruthfulGrounder({"people": [seconds(64, 90), seconds(66, 90), seconds(85, 95), seconds(210, 230)]})
    answer = place(events=events).grounded(grounder).ask("How many people come to the yard?")
    assert answer.text is not None
    assert answer.text.startswith("4 in all. [1][2]")
    first, second = answer.moments
    assert not first.span.overlaps(second.span)


def test_a_count_says_in_the_language_of_its_question() -> None:
    answer = place().grounded(TruthfulGrounder(TRUTH)).ask("有多少人经过院子？")
    assert answer.text is not None
    assert answer.text.startswith("共2。 [1][2]")


def test_how_many_of_something_spoken_of_is_no_count() -> None:
    talk = recording("talk")
    said = ["Welcome to the garden.", "A violin has four strings.", "The old mower is broken.", "Compost needs air."]
    cues = [Cue(seconds(60 * at, 60 * at + 20), text, "en") for at, text in enumerate(said)]
    grounder = TruthfulGrounder({"violin": [seconds(60, 80)]})
    answer = place(talk, cues=cues).grounded(grounder).ask("How many strings does a violin have?")
    assert answer.text == "There is a violin. [1]"


def test_after_the_van_left_is_what_came_then() -> None:
    answer = place().grounded(TruthfulGrounder(TRUTH)).ask("After the van left, when does somebody come to the yard?")
    assert answer.found
    assert [moment.span.start // timedelta(seconds=1) for moment in answer.moments] == [210, 151]
    assert answer.moments[1].text == "There is a van."


@pytest.mark.parametrize(
    "question",
    ["When does somebody come before the van leaves?", "Before the van arrives, did somebody come to the yard?"],
)
def test_before_the_van_is_what_came_first(question: str) -> None:
    answer = place().grounded(TruthfulGrounder(TRUTH)).ask(question)
    assert answer.moments[0].span.start == timedelta(seconds=64)


def test_what_happened_after_is_whatever_was_seen_next() -> None:
    grounder = TruthfulGrounder({**TRUTH, "happened": [seconds(206, 236)]})
    answer = place().grounded(grounder).ask("What happened after the van left?")
    assert answer.moments[0].span.overlaps(seconds(206, 236))


def test_what_follows_something_that_did_not_happen_is_not_found() -> None:
    answer = place().grounded(TruthfulGrounder({**TRUTH, "dog": []})).ask("After the dog left, who came to the yard?")
    assert not answer.found
    assert any("Nothing that was looked at shows “the dog left”" in note for note in answer.notes)


def test_that_nobody_came_is_said_of_what_was_looked_at() -> None:
    answer = place().grounded(TruthfulGrounder({"anybody": []})).ask("Did nobody come to the yard?")
    assert not answer.found
    assert answer.notes[0].startswith("Not seen in what was looked at: 00:01:02-00:01:33 of yard.mp4")
    assert answer.coverage.length == YARD.length


def test_that_nobody_came_is_denied_by_who_did() -> None:
    grounder = TruthfulGrounder({"anybody": TRUTH["somebody"]})
    answer = place().grounded(grounder).ask("Did nobody come to the yard?")
    assert answer.found
    assert answer.text is not None
    assert "There is a anybody" in answer.text


@pytest.mark.parametrize(("error", "note"), [(ModelUnreachable, UNAIDED), (UnfitModel, "This is given without")])
def test_without_the_model_the_index_answers_and_says_so(error: type[Exception], note: str) -> None:
    answer = place().grounded(Away(error)).ask("When does somebody come to the yard?")  # type: ignore[arg-type]
    plain = place().index.ask("When does somebody come to the yard?")
    assert [told.startswith(note) for told in answer.notes] == [True]
    assert (answer.text, answer.moments, answer.given_by) == (plain.text, plain.moments, "index")


def test_a_model_that_is_away_costs_no_decoding() -> None:
    yard = place()
    yard.grounded(Away()).ask("When does somebody come to the yard?")  # type: ignore[arg-type]
    assert not yard.closeups.taken


def test_a_model_that_goes_away_at_the_first_look_leaves_the_index() -> None:
    answer = place().grounded(Failing(TRUTH, error=ModelUnreachable)).ask("When does somebody come to the yard?")
    assert (answer.notes, answer.given_by, answer.found) == ((UNAIDED,), "index", True)


def test_what_was_confirmed_before_the_model_went_away_comes_first() -> None:
    grounder = Failing(TRUTH, at=((150, 300),), error=ModelUnreachable)
    answer = place().grounded(grounder).ask("When does somebody come to the yard?")
    assert answer.found
    assert answer.given_by == "oracle"
    assert answer.moments[0].span.start == timedelta(seconds=64)
    assert [moment.score < FOUND for moment in answer.moments] == [False, True, True]
    assert answer.notes == (CUT_OFF,)


def test_one_bad_reply_leaves_its_moment_unconfirmed() -> None:
    answer = place().grounded(Failing(TRUTH, at=((62, 93),))).ask("When does somebody come to the yard?")
    assert [moment.span.start // timedelta(seconds=1) for moment in answer.moments] == [210, 62]
    assert "00:01:02-00:01:33 of yard.mp4 was not looked at again" in answer.notes[0]


def test_a_file_that_is_gone_leaves_its_moments_unconfirmed() -> None:
    other = recording("other")
    events = (*MOTIONS, motion("other", 10, 30, 0.8))
    there = place(YARD, other, events=events, gone=frozenset({"other"}))
    parts = list(there.grounded(TruthfulGrounder(TRUTH)).ask_stream("When does somebody come to the yard?"))
    answer = parts[-1]
    assert isinstance(answer, Answer)
    assert answer.moments[-1].recording_id == "other"
    assert any("other.mp4 was not looked at again: The file cannot be read" in note for note in answer.notes)
    assert sum(isinstance(part, Unconfirmed) for part in parts) == 1


def test_where_every_file_is_gone_the_index_answers_and_says_so() -> None:
    answer = place(gone=frozenset({"yard"})).grounded(TruthfulGrounder(TRUTH)).ask("When does somebody come?")
    assert answer.found
    assert answer.given_by == "index"
    assert "The file cannot be read" in answer.notes[0]


def test_what_the_index_is_sure_of_and_nobody_could_look_at_stands_beside_rejections() -> None:
    other = recording("other")
    events = (*MOTIONS, motion("other", 10, 30, 0.8))
    there = place(YARD, other, events=events, gone=frozenset({"other"}))
    answer = there.grounded(TruthfulGrounder({"somebody": []})).ask("When does somebody come to the yard?")
    assert answer.found
    assert answer.given_by == "index"
    assert answer.notes[0] == UNCONFIRMED
    assert {moment.recording_id for moment in answer.moments} == {"other"}


def test_a_sentence_is_told_while_the_next_one_is_being_written() -> None:
    written: list[str] = []

    class Slowly(TruthfulGrounder):
        def compose(self, question: str, findings: Sequence[tuple[str, Finding]]) -> Iterator[str]:
            for piece in ("Somebody comes. [1]", " Then", " somebody", " passes. [2]"):
                written.append(piece)
                yield piece

    parts = place().grounded(Slowly(TRUTH)).ask_stream("When does somebody come to the yard?")
    first = next(part for part in parts if isinstance(part, Told))
    assert first.sentence == "Somebody comes. [1]"
    assert len(written) == 2


def test_no_more_moments_are_told_than_asked_for() -> None:
    answer = place().grounded(TruthfulGrounder(TRUTH)).ask("When does somebody come to the yard?", limit=1)
    assert len(answer.moments) == 1
    assert answer.text == "There is a somebody. [1]"


def test_the_first_time_is_asked_for_and_told() -> None:
    grounder = TruthfulGrounder({"somebody": [seconds(64, 90), seconds(152, 156), seconds(210, 230)]})
    first = place().grounded(grounder).ask("When does somebody first come to the yard?")
    last = place().grounded(grounder).ask("When does somebody come to the yard for the last time?")
    assert first.moments[0].span.start == timedelta(seconds=64)
    assert last.moments[0].span.start == timedelta(seconds=210)


def test_a_count_of_what_is_spoken_of_looks_at_no_more_moments_than_any_question() -> None:
    talk = recording("talk", timedelta(minutes=30))
    cues = [Cue(seconds(90 * at, 90 * at + 20), f"A violin has {at} strings.", "en") for at in range(20)]
    grounder = TruthfulGrounder({"violin": []})
    place(talk, cues=cues).grounded(grounder).ask("How many strings does a violin have?")
    assert 0 < len(grounder.asked) <= MOMENTS


def test_what_the_index_is_not_sure_of_and_nobody_could_look_at_is_not_found() -> None:
    other = recording("other")
    events = (motion("yard", 62, 93, 0.9), motion("other", 10, 30, 0.0))
    there = place(YARD, other, events=events, gone=frozenset({"other"}))
    answer = there.grounded(TruthfulGrounder({"piano": []})).ask("When is the old piano carried by somebody?")
    assert not answer.found


def test_sentences_that_cite_nothing_are_not_told() -> None:
    written = "The yard is nice. Somebody walks to the door [1]. It rains [7]. Then somebody passes. [2] Bye!"
    answer = place().grounded(Writing(TRUTH, written=written)).ask("When does somebody come to the yard?")
    assert answer.text == "Somebody walks to the door [1]. Then somebody passes. [2]"
    assert [one.moment for one in answer.citations] == list(answer.moments)


def test_where_nothing_written_can_be_told_the_findings_are() -> None:
    answer = place().grounded(Writing(TRUTH, written="I am sorry.")).ask("When does somebody come to the yard?")
    assert answer.text == "There is a somebody. [1] There is a somebody. [2]"


def test_an_answer_that_breaks_off_is_ended_with_what_was_found() -> None:
    grounder = Writing(TRUTH, written="Somebody walks to the door [1]. Then somebo", breaks=True)
    answer = place().grounded(grounder).ask("When does somebody come to the yard?")
    assert answer.text == "Somebody walks to the door [1]. There is a somebody. [2]"


def test_what_lies_outside_of_the_stretch_asked_about_is_rejected() -> None:
    grounder = TruthfulGrounder({"somebody": [seconds(93, 97)]})
    answer = place().grounded(grounder).ask("When does somebody come to the yard?", between=seconds(20, 92))
    assert not answer.found
    assert "which was not asked about" in answer.rejected[0].sentence


def test_a_short_stretch_is_looked_at_whole_whatever_the_index_knows() -> None:
    grounder = TruthfulGrounder({"cat": [seconds(20, 25)]})
    answer = place().grounded(grounder).ask("What does the cat carry?", between=seconds(10, 40))
    assert answer.moments[0].span == seconds(20, 25)


def test_many_short_recordings_are_not_all_looked_at() -> None:
    clips = [recording(f"clip{number}", timedelta(seconds=4)) for number in range(9)]
    grounder = TruthfulGrounder({"cat": [seconds(1, 2)]})
    there = place(*clips, events=[motion("clip7", 1, 3)])
    answer = there.grounded(grounder).ask("When does something move, a cat?")
    assert answer.moments[0].recording_id == "clip7"
    assert len(grounder.asked) <= MOMENTS


def test_when_nobody_was_there_is_looked_at_where_nothing_moved() -> None:
    grounder = TruthfulGrounder({"nobody": [seconds(2, 58), seconds(97, 146), seconds(162, 202)]})
    answer = place().grounded(grounder).ask("When is nobody there?")
    assert answer.found
    assert not any(moment.span.overlaps(event.span) for moment in answer.moments for event in MOTIONS)


def test_footage_in_which_nothing_was_noticed_is_looked_at_in_parts() -> None:
    grounder = TruthfulGrounder({"cat": [seconds(120, 125)]})
    answer = place(events=()).grounded(grounder).ask("When does the cat sit there?")
    assert answer.moments[0].span.overlaps(seconds(120, 125))


def test_what_a_model_saw_before_is_proposed_too() -> None:
    events = (*MOTIONS, seen("yard", 260, 270, "a child drops a red ball"))
    grounder = TruthfulGrounder({"red ball": [seconds(262, 268)]})
    answer = place(events=events).grounded(grounder).ask("Who drops the red ball?")
    assert answer.moments[0].span.overlaps(seconds(262, 268))
    assert answer.moments[0].sources == (Source.MODEL,)


def test_different_questions_over_one_moment_are_shown_the_same_frames() -> None:
    grounder = TruthfulGrounder(TRUTH)
    there = place().grounded(grounder)
    for question in ("When does somebody come?", "Who passes on the left?", "Does a van drive there?"):
        there.ask(question)
    shown: dict[timedelta, set[tuple[timedelta, ...]]] = {}
    for _, group in grounder.asked:
        shown.setdefault(group.span.start, set()).add(group.times)
    assert all(len(frames) == 1 for frames in shown.values())


def test_a_question_that_is_none_is_misuse_before_anything_streams() -> None:
    with pytest.raises(BadQuestion):
        place().grounded(TruthfulGrounder(TRUTH)).ask_stream(" ")


def test_closing_the_stream_ends_the_looks() -> None:
    grounder = TruthfulGrounder(TRUTH)
    before = frozenset(threading.enumerate())
    parts = place().grounded(grounder).ask_stream("When does somebody come to the yard?")
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("look") and thread not in before]


def test_what_the_model_has_not_looked_at_is_said() -> None:
    question = "When does somebody come to the yard?"
    told = "The model has not looked at 00:05:00 of this; what it would have found there is missing from the index."
    assert told in place(by_model=False).grounded(TruthfulGrounder(TRUTH)).ask(question).notes
    assert place().grounded(TruthfulGrounder(TRUTH)).ask(question).notes == ()


def test_what_nobody_looked_at_for_a_rule_is_said_where_a_model_answers_too() -> None:
    began = datetime(2026, 5, 9, 12, tzinfo=UTC)
    yard = place(replace(YARD, camera="gate", started_at=began))
    rules = yard.archive.begin("yard", "rules", Sampling(), YARD.length, (), kind=AnalysisKind.RULES)
    missed = CoveredSpan(seconds(60, 180), CoverageState.DROPPED, cause="late")
    yard.archive.finish(rules, Coverage(YARD.length, (missed,)), (), ())
    grounded = yard.grounded(TruthfulGrounder(TRUTH))
    question = "When does somebody come to the yard?"
    assert grounded.ask(question).notes == (UNJUDGED.format("00:02:00"),)
    minutes = WallClock(began + timedelta(minutes=1), began + timedelta(minutes=2))
    answer = grounded.ask(question, between=minutes)
    assert answer.notes == (UNJUDGED.format("00:01:00"),)
    assert answer.coverage.analysed == answer.coverage.length == timedelta(minutes=1)


def test_a_time_that_a_look_made_up_is_not_told() -> None:
    class Inventive(TruthfulGrounder):
        def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
            finding = super().ground(question, group, pictures, counting=counting)
            return replace(finding, sentence="A van leaves at 07:43:09.") if finding.span else finding

    answer = place().grounded(Inventive(TRUTH)).ask("When does a van drive through the yard?")
    assert answer.text == "A van leaves. [1]"
