from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.bad_replies import UNREADABLE
from tests.scripted_model import Request, Said, ScriptedModel
from tests.unit.analyser.model.pictures import SECOND, Drawn, at, cue, group
from videoqa.analyser.budget import Budget
from videoqa.analyser.model.grounder import ModelGrounder
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.errors import BadReply, ModelUnreachable, TooLongForModel, Undecided
from videoqa.media import FrameGroup, Sampling, Span
from videoqa.ports import Finding

EN = Prompts.load("en")
FRAMES = group([10, 10.5, 11, 11.5, 12, 12.5])
YES = {"verdict": "yes", "first": "10.2", "last": "11.2", "sentence": "A man sets a bag down.", "certainty": 0.8}
FOUND = Finding(Span(*at(10, 12)), at(10, 10.5, 11, 11.5), "A man sets a bag down.", 0.8)


@pytest.fixture
def scripted() -> Iterator[ScriptedModel]:
    with ScriptedModel([Said(YES)], model="qwen") as model:
        yield model


def grounder(model: ScriptedModel, side: int = 64, **budget: int) -> ModelGrounder:
    sampling = Sampling(SECOND / 2, long_side=side)
    return ModelGrounder(ModelServer(model.url), EN, sampling, budget=Budget(**budget))


def ground(model: ScriptedModel, frames: FrameGroup = FRAMES, *, counting: bool = False) -> Finding:
    return grounder(model).ground("did anyone leave a bag?", frames, Drawn(), counting=counting)


def test_a_moment_is_narrowed_to_the_frames_that_are_cited(scripted: ScriptedModel) -> None:
    finding = ground(scripted)
    assert finding.span == Span(*at(10, 12))
    assert finding.frames == at(10, 10.5, 11, 11.5)
    assert (finding.sentence, finding.confidence, finding.count) == ("A man sets a bag down.", 0.8, None)
    assert finding.usage.prompt_tokens == 100


def test_what_lasts_to_the_last_frame_lasts_to_the_end_of_the_group(scripted: ScriptedModel) -> None:
    scripted.script = [Said(YES | {"last": "12.2"})]
    assert ground(scripted).span == Span(*at(10, 13.5))


def test_a_moment_that_does_not_show_it_is_rejected_with_a_reason(scripted: ScriptedModel) -> None:
    scripted.script = [Said(YES | {"verdict": "no", "first": None, "last": None, "sentence": "An empty yard."})]
    finding = ground(scripted)
    assert (finding.span, finding.frames, finding.sentence) == (None, (), "An empty yard.")
    assert finding.usage.uncited == 0


def test_what_the_frames_do_not_let_one_tell_is_no_rejection(scripted: ScriptedModel) -> None:
    scripted.script = [Said(YES | {"verdict": "unclear", "first": None, "last": None, "sentence": "It is too dark."})]
    with pytest.raises(Undecided, match=r"do not let one tell \(It is too dark\.\)") as raised:
        ground(scripted)
    assert raised.value.fields["usage"].prompt_tokens == 100  # type: ignore[attr-defined]


UNSHOWN = [{"first": None}, {"last": None}, {"first": "99.5", "last": "99.5"}, {"first": "11.2", "last": "10.2"}]


@pytest.mark.parametrize("stamps", UNSHOWN)
def test_a_yes_without_frames_that_were_shown_is_asked_for_again(
    stamps: dict[str, object], scripted: ScriptedModel
) -> None:
    scripted.script = [Said(YES | stamps), Said(YES)]
    finding = ground(scripted)
    assert finding.span == Span(*at(10, 12))
    assert finding.usage.uncited == 1


@pytest.mark.parametrize("stamps", UNSHOWN)
def test_a_yes_that_never_cites_what_was_shown_is_a_bad_reply_and_no_rejection(
    stamps: dict[str, object], scripted: ScriptedModel
) -> None:
    scripted.script = [Said(YES | stamps)]
    with pytest.raises(BadReply, match="stamps that were shown") as raised:
        ground(scripted)
    assert raised.value.fields["usage"].uncited == 2  # type: ignore[attr-defined]


def test_a_number_is_asked_for_where_the_question_counts(scripted: ScriptedModel) -> None:
    scripted.script = [Said(YES | {"count": 3})]
    assert ground(scripted, counting=True).count == 3
    counted, plain = scripted.requests[0], None
    scripted.script = [Said(YES)]
    ground(scripted)
    plain = scripted.requests[1]
    assert 'give the number as "count".' in counted.prompt
    assert "number as" not in plain.prompt
    assert "count" in counted.schema["properties"]  # type: ignore[index]
    assert "count" not in plain.schema["properties"]  # type: ignore[index]


def test_to_have_counted_none_is_no_evidence(scripted: ScriptedModel) -> None:
    scripted.script = [Said(YES | {"count": 0})]
    finding = ground(scripted, counting=True)
    assert (finding.span, finding.count) == (None, 0)


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_asked_for_again_and_then_given_up(kind: str, scripted: ScriptedModel) -> None:
    scripted.script = [UNREADABLE[kind], Said(YES)]
    assert ground(scripted).span is not None
    scripted.script = [UNREADABLE[kind]]
    with pytest.raises(BadReply):
        ground(scripted)


def test_several_questions_over_the_same_frames_begin_alike(scripted: ScriptedModel) -> None:
    scripted.script = [Said(YES | {"verdict": "no"})]
    grounds = grounder(scripted)
    spoken = group([0, 1, 2], cue(0, 1, "hello"))
    for question in ("who comes?", "how many vans?"):
        grounds.ground(question, spoken, Drawn())
    first, second = scripted.requests
    assert first.messages[0] == second.messages[0]
    assert first.parts[0]["uuid"] == second.parts[0]["uuid"]
    texts = [request.prompt.partition("<question>") for request in (first, second)]
    assert texts[0][0] == texts[1][0]
    assert "hello" in texts[0][0]
    assert '"verdict": yes, no or unclear' in texts[0][0]
    assert len(texts[0][2]) < 100


def test_words_without_pictures_can_bear_a_question_out(scripted: ScriptedModel) -> None:
    scripted.script = [Said(YES | {"first": "3.0", "last": "3.0"})]
    finding = ground(scripted, group([], cue(3, 5, "the chain rule"), cue(6, 8, "and so on")))
    assert finding.span == Span(*at(3, 6))
    assert not scripted.requests[0].has_pictures


def test_as_many_frames_as_it_says_fit_one_look() -> None:
    with ScriptedModel([Said(YES | {"verdict": "no"})], context=9_000) as model:
        grounds = grounder(model, side=96)
        most = grounds.most_frames
        assert 50 < most < 1_000
        late = 90_000
        times = [late + number / 2 for number in range(most)]
        grounds.ground("who?", group(times), Drawn((96, 96)))
        assert len(model.requests[0].indices) in (most, most + 1)


def test_of_too_many_frames_every_second_or_third_is_shown() -> None:
    with ScriptedModel([Said(YES | {"verdict": "no"})], context=9_000) as model:
        grounder(model, side=96).ground("who?", group([number / 2 for number in range(2_000)]), Drawn((96, 96)))
        indices = model.requests[0].indices
        steps = {later - earlier for earlier, later in pairwise(indices)} - {0}
        assert len(steps) == 1
        assert indices[0] == 0
        assert indices[-1] > 900_000


def test_frames_that_lie_far_apart_are_paired_too(scripted: ScriptedModel) -> None:
    frames = group([number * 5.0 for number in range(40)])
    scripted.script = [Said(YES | {"verdict": "no"})]
    ground(scripted, frames)
    assert len(scripted.requests[0].stamps) == 20


def test_an_answer_is_composed_of_numbered_findings(scripted: ScriptedModel) -> None:
    scripted.script = [Said("A man sets a bag down [1]. It is gone later [2].")]
    gone = Finding(Span(*at(60, 70)), at(60), "No bag.", 0.9, count=0)
    told = grounder(scripted).compose("where is the bag?", [("Yard, 00:00:10", FOUND), ("Gate, 00:01:00", gone)])
    assert "".join(told) == "A man sets a bag down [1]. It is gone later [2]."
    request = scripted.requests[0]
    assert "[1] Yard, 00:00:10: A man sets a bag down.\n[2] Gate, 00:01:00: No bag. (0)" in request.prompt
    assert request.stream
    assert request.body["priority"] == 5


def test_nothing_is_composed_of_nothing(scripted: ScriptedModel) -> None:
    assert list(grounder(scripted).compose("where is the bag?", [])) == []
    assert list(grounder(scripted).summarise("Yard", [])) == []
    assert not scripted.requests


def test_a_description_tells_the_true_times(scripted: ScriptedModel) -> None:
    scripted.script = [Said("[10.2] A man comes in.\n[11.2] He sits.\n[99.0] He flies.")]
    told = grounder(scripted).describe(FRAMES, Drawn(), "the man")
    assert "".join(told) == "[00:00:10] A man comes in.\n[00:00:11] He sits.\n He flies."
    assert "<wanted>\nthe man\n</wanted>" in scripted.requests[0].prompt


def test_what_is_told_comes_as_it_is_written(scripted: ScriptedModel) -> None:
    scripted.script = [Said("A man comes in and goes.")]
    assert len(list(grounder(scripted).summarise("Yard", ["00:00:01 A man."]))) > 2


def test_a_description_that_breaks_off_says_so(scripted: ScriptedModel) -> None:
    scripted.script = [Said("A man", finish="length")]
    told = grounder(scripted).describe(FRAMES, Drawn())
    with pytest.raises(BadReply):
        "".join(told)


def test_a_long_recording_is_summarised_in_parts() -> None:
    lines = [f"00:{minute:02d}:00 A man number {minute} walks over the yard and back again." for minute in range(60)]

    def reply(request: Request) -> Said:
        return Said("All of it." if request.stream else f"Part {len(model.requests)}.")

    with ScriptedModel(reply, context=4_000) as model:
        assert "".join(grounder(model).summarise("Yard", lines)) == "All of it."
        *parts, whole = model.requests
        assert len(parts) > 1
        assert whole.stream
        assert not any(part.stream for part in parts)
        told = "\n".join(part.prompt for part in parts)
        assert all(told.count(line) == 1 for line in lines)
        assert all(f"Part {number}." in whole.prompt for number in range(1, len(parts) + 1))


def test_an_empty_part_of_a_summary_is_not_passed_over() -> None:
    with ScriptedModel([Said("")], context=4_000) as model, pytest.raises(BadReply, match="part of a summary"):
        "".join(grounder(model).summarise("Yard", ["00:00:00 A man walks over the yard."] * 200))


def test_a_context_too_small_for_any_summary_is_said_to_be() -> None:
    with ScriptedModel([Said("x")], context=2_700) as model, pytest.raises(TooLongForModel):
        "".join(grounder(model).summarise("Yard", ["word " * 300] * 4))


def test_a_model_that_does_not_answer_is_told(scripted: ScriptedModel) -> None:
    grounds = grounder(scripted)
    scripted.stop()
    with pytest.raises(ModelUnreachable):
        grounds.ground("who?", FRAMES, Drawn())
    with pytest.raises(ModelUnreachable):
        list(grounds.compose("who?", [("Yard", FOUND)]))


def test_it_says_who_looks_and_how_finely(scripted: ScriptedModel) -> None:
    grounds = ModelGrounder(ModelServer(scripted.url), EN)
    assert grounds.seen_by == "qwen"
    assert grounds.sampling.period == timedelta(milliseconds=500)
    assert grounds.sampling.multiple == 32
