from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from indexer.embedding import load
from indexer.lexicon import IndexLexicon
from videoqa.answering.answering import Answering
from videoqa.answering.census import UNJUDGED
from videoqa.answering.lookup import LONGEST_QUESTION, MANY
from videoqa.answers import WallClock
from videoqa.errors import BadQuestion
from videoqa.events import Event, Source
from videoqa.media import Coverage, CoverageState, CoveredSpan, Cue, Recording, RecordingState, Sampling, Span
from videoqa.passages import passages
from videoqa.ports import AnalysisKind, Look, RecordedLook, TimelineChange
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.search import MemorySearch

EMBEDDER = load()
NOW = datetime(2025, 11, 21, 12, tzinfo=UTC)
GARDEN = (
    "Today we plant tomatoes in the greenhouse. Water them every morning and keep the soil warm.",
    "Bees visit the blossoms in spring. Without bees there would be no fruit on the apple trees.",
    "The old lawn mower broke down again. We took the engine apart and cleaned the spark plug.",
    "In winter the pond freezes. We put a small heater in so that the fish survive the cold.",
    "Compost needs air and patience. Turn the heap once a month with a fork.",
    "Slugs eat the lettuce at night. A ring of copper keeps them away from the beds.",
    "Roses are cut back in February. Always cut above a bud that points outwards.",
    "The shed got a new roof of cedar shingles. It took two of us a whole weekend.",
)
MUSIC = (
    "A violin has four strings tuned in fifths. The bow is strung with horse hair.",
    "Bach wrote the chorale for the choir in Leipzig. The organ plays the bass line.",
    "A drum is struck in the middle for a deep tone. Near the rim it sounds brighter.",
    "The singer breathes before the phrase. Her voice carries to the last row.",
)
MINUTE = timedelta(minutes=1)


def talk(name: str, sentences: tuple[str, ...], started_at: datetime | None = None) -> tuple[Recording, list[Cue]]:
    cues = [
        Cue(Span(number * MINUTE + at * MINUTE / 2, number * MINUTE + (at + 1) * MINUTE / 2), f"{half.strip()}.", "en")
        for number, text in enumerate(sentences)
        for at, half in enumerate(text.removesuffix(".").split(". "))
    ]
    length = len(sentences) * MINUTE
    return Recording(name, f"{name}.mp4", f"/{name}.mp4", name, length, RecordingState.INDEXED, started_at), cues


def house(*talks: tuple[Recording, list[Cue]], events: tuple[Event, ...] = ()) -> Answering:
    archive = MemoryArchive()
    for made, cues in talks:
        recording = archive.add(made)
        looked = Coverage(
            recording.length, (CoveredSpan(Span(timedelta(0), recording.length), CoverageState.ANALYSED, 60),)
        )
        analysis = archive.begin(recording.id, "test", Sampling(), recording.length, cues)
        own = tuple(event for event in events if event.recording_id == recording.id)
        if own:
            archive.set_plan(analysis, [timedelta(0)], [])
            archive.record(analysis, 0, RecordedLook(Look()), TimelineChange(closed=own))
        archive.finish(analysis, looked, (), passages(recording, own, cues, ()))
    return Answering(MemorySearch(archive, EMBEDDER), archive, IndexLexicon(EMBEDDER), UTC, lambda: NOW)


@pytest.fixture(scope="module")
def both() -> Answering:
    return house(talk("garden", GARDEN), talk("music", MUSIC))


def minute(answer_start: timedelta) -> int:
    return answer_start // MINUTE


def test_a_question_comes_back_as_the_moment_that_says_it(both: Answering) -> None:
    answer = both.ask("when does he repair the lawn mower engine")
    assert answer.found
    assert answer.moments[0].recording_id == "garden"
    assert answer.moments[0].span.overlaps(Span(2 * MINUTE, 3 * MINUTE))
    assert "engine" in answer.moments[0].text
    assert answer.moments[0].sources == (Source.SUBTITLE,)
    assert answer.text is not None
    assert answer.citations[0].moment == answer.moments[0]


def test_other_words_for_the_same_find_it_too(both: Answering) -> None:
    moments = both.search("how is the machine that trims grass fixed", ["garden"])
    assert moments[0].span.overlaps(Span(2 * MINUTE, 3 * MINUTE))


def test_a_question_about_another_recording_is_not_found_in_this_one(both: Answering) -> None:
    assert both.ask("how many strings does a violin have").found
    assert not both.ask("how many strings does a violin have", ["garden"]).found


@pytest.mark.parametrize("lines", [1, 2])
def test_a_recording_of_a_line_or_two_has_answers_too(lines: int) -> None:
    recording, _ = talk("note", GARDEN[:1])
    said = ("The tomatoes grow in the greenhouse.", "The bench stands behind it.")[:lines]
    cues = [Cue(Span(n * MINUTE / 12, (n + 1) * MINUTE / 12), text, "en") for n, text in enumerate(said)]
    answering = house((recording, cues))
    assert answering.ask("tomatoes in the greenhouse").found
    assert not answering.ask("who tuned the violin").found


def test_that_nobody_listened_is_told_with_every_answer() -> None:
    deaf, cues = talk("garden", GARDEN)
    answering = house((replace(deaf, problems=("speech not transcribed: no speech model is set",)), cues))
    note = ("What is said in 1 of 1 recordings was not transcribed.",)
    assert answering.ask("when does he repair the lawn mower engine").notes == note
    assert answering.ask("who tuned the violin").notes == note


@pytest.mark.parametrize("state", [RecordingState.QUEUED, RecordingState.INDEXING])
def test_that_something_is_not_searchable_yet_is_told_with_every_answer(state: RecordingState) -> None:
    answering = house(talk("garden", GARDEN))
    coming, _ = talk("music", MUSIC)
    answering.lookup.archive.add(replace(coming, state=state))
    note = ("1 of 2 recordings are still being indexed; what is in them may be missing here.",)
    assert answering.ask("when does he repair the lawn mower engine").notes == note
    assert answering.ask("who tuned the violin").notes == note
    assert answering.ask("who tuned the violin", ["garden"]).notes == ()


def test_what_a_camera_is_recording_is_told_as_such_and_not_as_missing() -> None:
    answering = house(talk("garden", GARDEN))
    before = answering.ask("when does he repair the lawn mower engine")
    coming, _ = talk("music", MUSIC)
    under_way = replace(coming, state=RecordingState.RECORDING, camera="yard")
    answering.lookup.archive.add(under_way)
    answering.lookup.archive.add(replace(under_way, id="other", digest="other"))
    answer = answering.ask("when does he repair the lawn mower engine")
    assert answer.notes == ("yard is being recorded; its last minutes are searchable when the recording ends.",)
    assert answer.coverage == before.coverage


def test_times_of_the_day_are_asked_of_cameras_and_times_of_the_footage_of_the_rest() -> None:
    garden, cues = talk("garden", GARDEN, datetime(2026, 5, 9, 22, tzinfo=UTC))
    filmed = house((replace(garden, camera="yard"), cues))
    assert filmed.search("lawn mower engine after 22:02")
    assert not filmed.search("lawn mower engine after 22:10")
    assert house((garden, cues)).search("lawn mower engine after 01:00")


def test_scores_fall_from_moment_to_moment_and_are_probabilities(both: Answering) -> None:
    scores = [moment.score for moment in both.search("water", limit=5)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_phrase_of_time_keeps_moments_inside(both: Answering) -> None:
    moments = both.search("in the first two minutes, what about the engine", ["garden"])
    assert moments
    assert all(moment.span.end <= 2 * MINUTE for moment in moments)


def test_a_span_given_beside_the_question_keeps_moments_inside(both: Answering) -> None:
    between = Span(3 * MINUTE, 5 * MINUTE)
    moments = both.search("engine", ["garden"], between)
    assert all(between.start <= moment.span.start and moment.span.end <= between.end for moment in moments)


def test_that_nobody_looked_for_a_rule_is_told_beside_what_was_found_or_not() -> None:
    answering = house(talk("garden", GARDEN))
    archive = answering.lookup.archive
    yard = archive.add(replace(talk("yard", GARDEN)[0], camera="yard"))
    rules = archive.begin(yard.id, "rules", Sampling(), yard.length, (), kind=AnalysisKind.RULES)
    missed = CoveredSpan(Span(MINUTE, 3 * MINUTE), CoverageState.DROPPED, cause="fence: no model to look with")
    archive.finish(rules, Coverage(yard.length, (missed,)), (), ())
    note = UNJUDGED.format("00:02:00")
    assert not answering.ask("did somebody climb the fence").found
    assert answering.ask("did somebody climb the fence").notes == (note,)
    assert answering.ask("did somebody climb the fence", ["garden"]).notes == ()


def test_a_stretch_of_the_wall_clock_leaves_out_recordings_without_one() -> None:
    began = datetime(2025, 11, 20, 18, tzinfo=UTC)
    answering = house(talk("garden", GARDEN, began), talk("music", MUSIC))
    clock = WallClock(began, began + 3 * MINUTE)
    assert {moment.recording_id for moment in answering.search("strings", None, clock)} == {"garden"}
    yesterday = answering.search("yesterday evening, the mower")
    assert {moment.recording_id for moment in yesterday} == {"garden"}


def test_coverage_adds_up_what_was_asked(both: Answering) -> None:
    assert both.ask("engine").coverage.length == 12 * MINUTE
    assert both.ask("engine", ["music"]).coverage.analysed == 4 * MINUTE


def test_an_empty_archive_has_no_answer() -> None:
    answer = house().ask("anything")
    assert (answer.found, answer.text, answer.moments, answer.coverage.length) == (False, None, (), timedelta(0))


@pytest.mark.parametrize("text", ["", "  \n", "\ud800", "word " * LONGEST_QUESTION])
def test_no_question_and_an_endless_one_are_misuse(both: Answering, text: str) -> None:
    with pytest.raises(BadQuestion):
        both.ask(text)


@pytest.mark.parametrize("text", ["?", "the of and", "\x00", "' OR 1=1 --", "😀", "什么", "in the last 30 seconds"])
def test_odd_questions_are_answered_without_an_error(both: Answering, text: str) -> None:
    both.ask(text)


def test_what_a_question_leaves_out_is_not_put_first(both: Answering) -> None:
    assert "Roses" in both.search("cut back in February", ["garden"])[0].text
    assert "Roses" not in both.search("cut back in February without roses", ["garden"])[0].text


YARD = Recording("yard", "yard.mp4", "/yard.mp4", "yard", 10 * MINUTE, RecordingState.INDEXED)
MOTION = tuple(
    Event(f"m{start}", "yard", Span(start * MINUTE, start * MINUTE + MINUTE / 4), "motion", told, Source.MOTION,
          (start * MINUTE,), strength=strength)
    for start, told, strength in [
        (2, "motion in the lower left, moving right, strong", 0.9),
        (7, "motion on the right, slight", 0.1),
    ]
)  # fmt: skip


def test_who_came_to_the_yard_is_answered_with_motion_and_its_limits() -> None:
    answer = house((YARD, []), events=MOTION).ask("when did someone come")
    assert answer.found
    assert [moment.span.start for moment in answer.moments] == [2 * MINUTE, 7 * MINUTE]
    assert answer.text is not None
    assert "cannot be told" in answer.text


def test_whoever_comes_at_a_time_of_day_is_found_by_motion() -> None:
    filmed = replace(YARD, camera="yard", started_at=datetime(2026, 5, 9, 22, tzinfo=UTC))
    answering = house((filmed, []), events=MOTION)
    first = MOTION[0].span
    assert answering.ask("did anyone come after 21:00").found
    assert answering.ask("who came before 23:00").found
    assert not answering.ask("did anyone come after 23:30").found
    assert answering.ask("when did someone first come after 22:00").moments[0].span == first


def test_what_moved_is_told_in_the_words_of_the_model_that_saw_it() -> None:
    span = Span(2 * MINUTE, 2 * MINUTE + MINUTE / 4)
    child = Event("c", "yard", span, "child", "a child on a scooter", Source.MODEL, (span.start,), seen_by="tiny")
    answer = house((YARD, []), events=(*MOTION, child)).ask("when did someone come")
    assert answer.text == answer.moments[0].text == "a child on a scooter"
    assert answer.moments[0].sources == (Source.MODEL, Source.MOTION)
    assert answer.moments[1].sources == (Source.MOTION,)


def test_when_nobody_was_in_the_yard_is_when_nothing_moved() -> None:
    answer = house((YARD, []), events=MOTION).ask("when is nobody there")
    assert answer.found
    assert not any(moment.span.overlaps(event.span) for moment in answer.moments for event in MOTION)


def test_what_motion_cannot_show_is_not_found_in_the_yard() -> None:
    assert not house((YARD, []), events=MOTION).ask("what does she say about the chain rule").found


def test_a_lecture_about_people_is_not_answered_with_motion() -> None:
    answer = house(talk("music", MUSIC), (YARD, []), events=MOTION).ask("when does the singer breathe")
    assert answer.moments[0].recording_id == "music"


def test_what_moved_elsewhere_is_no_answer_to_where() -> None:
    assert not house((YARD, []), events=MOTION[1:]).ask("what moves on the left").found


def test_nobody_is_found_beside_footage_with_words() -> None:
    answer = house(talk("music", MUSIC), (YARD, []), events=MOTION).ask("when is nobody there")
    assert answer.found
    assert "nothing moves" in answer.moments[0].text


@pytest.fixture(scope="module")
def crowd() -> Answering:
    """The two talks among so many recordings that no question reads them all."""
    empty = [talk(f"empty {number}", ("Nothing of note is said here. It is quiet.",)) for number in range(MANY)]
    return house(talk("garden", GARDEN), talk("music", MUSIC), *empty)


@pytest.mark.parametrize("question", ["when does he repair the lawn mower engine", "how many strings has a violin"])
def test_many_recordings_are_asked_without_being_read(crowd: Answering, question: str) -> None:
    asked = [recording.id for recording in crowd.lookup.archive.recordings()]
    every, each = crowd.ask(question), crowd.ask(question, asked)
    assert every.found
    assert (every.text, every.moments[0].span, every.coverage) == (each.text, each.moments[0].span, each.coverage)
    assert [moment.span for moment in crowd.search(question)] == [
        moment.span for moment in crowd.search(question, asked)
    ]


def test_of_many_recordings_only_those_that_there_are_for_the_asker_are_asked(crowd: Answering) -> None:
    others = frozenset(recording.id for recording in crowd.lookup.archive.recordings()) - {"garden"}
    assert len(others) > MANY
    assert not any(moment.recording_id == "garden" for moment in crowd.search("lawn mower engine", among=others))
    assert crowd.ask("lawn mower engine", among=others).text != crowd.ask("lawn mower engine").text


def test_a_question_of_time_is_put_to_each_of_many_recordings(crowd: Answering) -> None:
    moments = crowd.search("engine spark plug roof bees in the first two minutes")
    assert moments
    assert all(moment.span.end <= 2 * MINUTE for moment in moments)
