"""From a question to an answer that a model has checked: real footage, a real index, a server that plays the model.

The server knows the truth of the yard, or looks at the pixels it is sent; what it says wrongly, the answer must bear.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samples.yard import PASSINGS
from tests.acceptance.product import SAMPLES
from tests.bad_replies import NO_PROTOCOL, REFUSED, UNREADABLE
from tests.scripted_model import Failed, Reply, Request, Said, ScriptedModel, StreamFailed
from videoqa.answering.grounded import GroundedAnswering
from videoqa.answering.verdict import CUT_OFF, UNAIDED
from videoqa.answers import Answer, Confirmed, Proposed, Told
from videoqa.bootstrap import House
from videoqa.events import Source
from videoqa.media import Recording, Span
from videoqa.pipeline.indexing import Indexing
from videoqa.ports import IndexRequest
from videoqa.settings import Settings

STAMP = timedelta(seconds=1)
"""A pair of frames half a second apart."""


def seconds(start: float, end: float) -> Span:
    return Span(timedelta(seconds=start), timedelta(seconds=end))


def truth() -> dict[str, Span]:
    told = [json.loads(line) for line in (SAMPLES / "yard.truth.jsonl").read_text().splitlines()]
    spans = {line["what"]: seconds(*line["span"]) for line in told if "what" in line}
    person, van, far = (spans[passing.label] for passing in PASSINGS)
    waits = PASSINGS[0].path[1:3]
    return {
        "walk": person,
        "wait": seconds(waits[0][0], waits[1][0]),
        "van": van,
        "far off": far,
        "people": person,
        "anybody": person,
    }


@dataclass
class Watchful:
    """Says what the truth is of the frames it is shown. ``only`` has other words for what is true."""

    truth: dict[str, Span] = field(default_factory=truth)
    counts: dict[str, int] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reply:
        if request.schema and "events" in request.schema["properties"]:
            return self._analysis(request)
        asked = question(request)
        word = next((word for word in (*self.truth, "dog") if word in asked), "")
        if request.schema is None:
            return Said("Far off somebody walks [1]. It rained. That is after the van [2].")
        span = self.truth.get(word)
        shown = [stamp for stamp in request.stamps if span and span.start <= timedelta(seconds=stamp) < span.end]
        return found(
            request, shown, f"A {word} is there." if shown else f"No {word} is there.", self.counts.get(word, 1)
        )

    def _analysis(self, request: Request) -> Said:
        van = truth()["van"]
        shown = [stamp for stamp in request.stamps if van.start <= timedelta(seconds=stamp) < van.end]
        told = {"label": "white van", "description": "A white van drives through the yard.", "certainty": 0.9}
        events = [told | {"first": f"{shown[0]:.1f}", "last": f"{shown[-1]:.1f}"}] if shown else []
        return Said({"events": events, "summary": ""})


def question(request: Request) -> str:
    return request.prompt.partition("<question>")[2].partition("</question>")[0].lower()


def found(request: Request, stamps: list[float], sentence: str, count: int = 1) -> Said:
    reply: dict[str, object] = {"verdict": "yes" if stamps else "no", "sentence": sentence, "certainty": 0.9}
    reply |= {"first": f"{stamps[0]:.1f}" if stamps else None, "last": f"{stamps[-1]:.1f}" if stamps else None}
    assert request.schema is not None
    if "count" in request.schema["properties"]:
        reply["count"] = count if stamps else 0
    return Said(reply)


@dataclass(frozen=True)
class Yard:
    """The yard, indexed by its signals."""

    folder: Path
    recording: Recording

    def answering(self, server: ScriptedModel) -> GroundedAnswering:
        grounded = House(Settings(data_dir=self.folder, model_url=server.url)).grounded
        assert grounded is not None
        return grounded


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    folder = tmp_path_factory.mktemp("yard")
    path = str(shutil.copy(SAMPLES / "yard.mp4", folder / "yard.mp4"))
    house = House(Settings(data_dir=folder / "data"))
    index(house.indexing(), path)
    return Yard(folder / "data", house.archive.recordings()[0])


def index(indexing: Indexing, path: str) -> None:
    admitted = indexing.admission.admit(IndexRequest(path))
    indexing.survey(path, admitted, bool)
    indexing.analyse(admitted, bool)
    indexing.finish(admitted)


@pytest.fixture(scope="module")
def told_yard(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """The yard, that a model has seen too."""
    folder = tmp_path_factory.mktemp("told") / "data"
    shutil.copytree(yard.folder, folder)
    with ScriptedModel(Watchful()) as server:
        by_model = House(Settings(data_dir=folder, model_url=server.url)).indexing_by_model()
        assert by_model is not None
        index(by_model, yard.recording.source)
    return Yard(folder, yard.recording)


@pytest.fixture
def server() -> Iterator[ScriptedModel]:
    with ScriptedModel(Watchful()) as served:
        yield served


Ask = Callable[[str], Answer]


@pytest.fixture
def ask(yard: Yard, server: ScriptedModel) -> Ask:
    return yard.answering(server).ask


def near(span: Span, true: Span) -> bool:
    return abs(span.start - true.start) <= STAMP and abs(span.end - true.end) <= STAMP


def test_a_right_proposal_is_narrowed_to_within_a_stamp(ask: Ask) -> None:
    answer = ask("When does somebody wait at the door?")
    assert answer.found
    assert near(answer.moments[0].span, truth()["wait"])
    assert answer.moments[0].sources == (Source.MODEL, Source.MOTION)
    assert answer.given_by == "scripted"
    assert answer.text == "A wait is there. [1]"


@pytest.mark.parametrize("word", ["van", "far off", "walk"])
def test_every_true_event_is_found_at_its_time_and_the_others_are_rejected(ask: Ask, word: str) -> None:
    answer = ask(f"When does something {word} come through the yard?")
    assert near(answer.moments[0].span, truth()[word])
    assert answer.rejected
    assert not any(one.moment.span.overlaps(truth()[word]) for one in answer.rejected)


def test_a_wrong_proposal_is_rejected_and_the_answer_says_what_was_looked_at(yard: Yard, ask: Ask) -> None:
    answer = ask("When does a dog run through the yard?")
    assert (answer.found, answer.text, answer.moments) == (False, None, ())
    assert {one.sentence for one in answer.rejected} == {"No dog is there."}
    assert answer.notes[0].startswith("Not seen in what was looked at: 00:0")
    assert answer.coverage.length == yard.recording.length


def test_what_a_model_saw_while_indexing_is_proposed_and_looked_at_again(
    told_yard: Yard, server: ScriptedModel
) -> None:
    first, *_, answer = told_yard.answering(server).ask_stream("Where is the white van?")
    assert isinstance(first, Proposed)
    assert first.moment.text == "A white van drives through the yard."
    assert isinstance(answer, Answer)
    assert near(answer.moments[0].span, truth()["van"])


def test_what_the_pixels_show_is_told_at_its_true_time(yard: Yard, server: ScriptedModel) -> None:
    server.script = moving
    answer = yard.answering(server).ask("When does a vehicle drive through the yard?", between=seconds(140, 190))
    assert near(answer.moments[0].span, truth()["van"])


def moving(request: Request) -> Reply:
    """Looks for what is large and not always there."""
    pictures = [Image.open(io.BytesIO(base64.b64decode(frame))).convert("L") for frame in request.frames]
    grey = np.stack([np.asarray(picture.resize((56, 32), Image.Resampling.BOX), np.float32) for picture in pictures])
    grey -= np.median(grey, axis=(1, 2))[:, None, None]  # the light changes
    changed = (abs(grey - np.median(grey, axis=0)) > 25).sum(axis=(1, 2))
    seen = [stamp for stamp, many in zip(request.stamps, changed[::2], strict=True) if many >= 8]
    return found(request, seen, "Something large moves." if seen else "Nothing moves.")


def test_a_second_question_over_a_moment_is_about_the_very_same_frames(yard: Yard, server: ScriptedModel) -> None:
    answering = yard.answering(server)
    answering.ask("When does a van drive through the yard?")
    sent = {prefix(request) for request in server.shown}
    server.requests.clear()
    answering.ask("Does somebody walk through the yard on foot?")
    assert {prefix(request) for request in server.shown} <= sent
    assert not any(request.frames for request in server.shown), "a server that has frames is not sent them again"


def prefix(request: Request) -> str:
    """All that comes before the question, the frames by their digest."""
    assert request.parts[0]["type"] == "video_url"
    told = request.parts[0]["uuid"], request.body["media_io_kwargs"], request.body["mm_processor_kwargs"]
    return json.dumps([request.system, *told])


def test_short_moments_are_looked_at_more_finely_than_long_ones(yard: Yard, server: ScriptedModel) -> None:
    yard.answering(server).ask("When does a van drive through the yard?")
    rates = {len(request.indices) / (request.indices[-1] - request.indices[0]) for request in server.shown}
    assert max(rates) > 2 * min(rates)


def test_people_are_counted_over_distinct_moments(yard: Yard, server: ScriptedModel) -> None:
    server.script = Watchful(counts={"people": 2})
    answer = yard.answering(server).ask("How many people come to the yard?")
    assert answer.text is not None
    assert answer.text.startswith("2 in all. [1]")


def test_after_the_van_left_is_the_figure_far_off(yard: Yard, server: ScriptedModel) -> None:
    answer = yard.answering(server).ask("After the van left, who is seen far off?")
    assert near(answer.moments[0].span, truth()["far off"])
    assert near(answer.moments[1].span, truth()["van"])
    assert answer.text == "Far off somebody walks [1]. That is after the van [2]."


def test_nothing_that_came_before_is_an_answer_to_what_came_after(ask: Ask) -> None:
    answer = ask("After the van left, did somebody walk to the door?")
    assert not answer.found


def test_that_nobody_came_is_denied_by_the_one_who_did(ask: Ask) -> None:
    answer = ask("Did nobody come to the yard?")
    assert answer.found
    assert near(answer.moments[0].span, truth()["anybody"])


def test_sentences_are_told_as_they_are_written_and_each_cites(yard: Yard, server: ScriptedModel) -> None:
    parts = list(yard.answering(server).ask_stream("After the van left, who is seen far off?"))
    told = [part.sentence for part in parts if isinstance(part, Told)]
    assert told == ["Far off somebody walks [1].", "That is after the van [2]."]
    confirmed = [part.citation.moment for part in parts if isinstance(part, Confirmed)]
    answer = parts[-1]
    assert isinstance(answer, Answer)
    assert {citation.moment for citation in answer.citations} == set(confirmed)


def test_an_answer_that_breaks_off_ends_with_what_was_found(yard: Yard, server: ScriptedModel) -> None:
    watchful = Watchful()
    server.script = lambda request: (
        watchful(request) if request.schema else StreamFailed("Far off somebody walks [1]. And th")
    )
    answer = yard.answering(server).ask("After the van left, who is seen far off?")
    assert answer.text == "Far off somebody walks [1]. A van is there. [2]"


def test_a_file_that_is_gone_is_answered_by_the_index_and_said(yard: Yard, ask: Ask) -> None:
    source = Path(yard.recording.source)
    away = source.rename(source.with_suffix(".away"))
    try:
        answer = ask("When does somebody walk through the yard?")
    finally:
        away.rename(source)
    assert answer.found
    assert answer.given_by == "index"
    assert any("The file cannot be read" in note for note in answer.notes)


def test_a_model_that_is_dead_leaves_the_index_and_says_so(yard: Yard, server: ScriptedModel) -> None:
    server.stop()
    answer = yard.answering(server).ask("When does somebody walk through the yard?")
    server.start()
    assert answer.found
    assert answer.given_by == "index"
    assert answer.notes == (UNAIDED,)


def test_a_model_that_dies_in_the_middle_leaves_what_it_confirmed_in_front(yard: Yard, server: ScriptedModel) -> None:
    watchful, looked = Watchful(), threading.Event()

    def dying(request: Request) -> Reply:
        span = truth()["walk"]
        if any(span.start <= timedelta(seconds=stamp) < span.end for stamp in request.stamps):
            return watchful(request)
        looked.set()
        return Failed(503)

    server.script = dying
    answer = yard.answering(server).ask("When does somebody walk through the yard?")
    assert looked.is_set()
    assert answer.found
    assert near(answer.moments[0].span, truth()["walk"])
    assert answer.given_by == "scripted"
    assert CUT_OFF in answer.notes
    assert all(moment.score < 0.5 for moment in answer.moments[1:])


FINDING: dict[str, object] = {"verdict": "yes", "first": "151.0", "last": "152.0", "sentence": "A van.", "certainty": 1}
BAD: dict[str, Reply] = {
    **{
        name: UNREADABLE[name]
        for name in ("empty", "prose", "a refusal", "junk", "two objects", "nested a thousand deep")
    },
    **REFUSED,
    **NO_PROTOCOL,
    "cut": Said(FINDING, finish="length"),
    "a verdict of its own": Said(FINDING | {"verdict": "perhaps"}),
    "a stamp that is a word": Said(FINDING | {"first": "soon"}),
    "a certainty beyond one": Said(FINDING | {"certainty": 7}),
}
UNCITED: dict[str, Reply] = {
    "a time that was not shown": Said(FINDING | {"first": "9.0", "last": "11.0"}),
    "the end before the beginning": Said(FINDING | {"first": "152.0", "last": "151.0"}),
    "no times at all": Said(FINDING | {"first": None, "last": None}),
}


def replied(yard: Yard, server: ScriptedModel, reply: Reply) -> Answer:
    """The answer of a model that says ``reply`` of whatever shows the van, and the truth of all else."""
    watchful, van = Watchful(), truth()["van"]

    def sometimes(request: Request) -> Reply:
        shown = any(van.start <= timedelta(seconds=stamp) < van.end for stamp in request.stamps)
        return reply if shown else watchful(request)

    server.script = sometimes
    return yard.answering(server).ask("When does somebody walk through the yard?")


@pytest.mark.parametrize("name", BAD)
def test_a_bad_reply_leaves_its_moment_unconfirmed_behind_the_others(
    yard: Yard, server: ScriptedModel, name: str
) -> None:
    answer = replied(yard, server, BAD[name])
    assert near(answer.moments[0].span, truth()["walk"])
    assert [moment.score < 0.5 for moment in answer.moments if moment.span.overlaps(truth()["van"])] == [True]
    assert any("00:02:3" in note and "was not looked at again" in note for note in answer.notes)


@pytest.mark.parametrize("name", UNCITED)
def test_a_yes_that_cites_no_time_that_was_shown_is_unconfirmed_and_counted(
    yard: Yard, server: ScriptedModel, name: str
) -> None:
    answer = replied(yard, server, UNCITED[name])
    assert near(answer.moments[0].span, truth()["walk"])
    assert [moment.score < 0.5 for moment in answer.moments if moment.span.overlaps(truth()["van"])] == [True]
    assert not any(one.moment.span.overlaps(truth()["van"]) for one in answer.rejected)
    assert answer.usage.uncited == 2
