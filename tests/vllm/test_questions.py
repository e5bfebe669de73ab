"""Questions put to a moment as the product puts them: their pictures are read once."""

from __future__ import annotations

from datetime import timedelta

from tests.vllm.clips import Plain, every
from videoqa.analyser.model.grounder import ModelGrounder
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.errors import BadReply, Undecided
from videoqa.media import Cue, FrameGroup, Sampling, Span
from videoqa.ports import Usage

QUESTIONS = (
    "Did a van come?",
    "How many people are there?",
    "Who left the bag?",
    "Is the gate open?",
    "What colour is the van?",
    "Did anybody run?",
    "Was there a dog?",
    "What did he carry?",
)
SIZE = (448, 256)


def test_eight_questions_about_a_moment_take_most_of_their_prompts_from_the_cache(server: ModelServer) -> None:
    grounder = ModelGrounder(server, Prompts.load("en"), Sampling(timedelta(milliseconds=500), long_side=448))
    times = tuple(every(0.5, 16, start=4_321.0))
    words = (Cue(Span(times[0], times[4]), "so this is the yard"),)
    group = FrameGroup(0, Span(times[0], times[-1] + timedelta(seconds=1)), times, words)

    def asked(question: str) -> Usage:
        try:
            return grounder.ground(question, group, Plain(SIZE, shade=9), counting="How many" in question).usage
        except (BadReply, Undecided) as error:  # a random model need not keep to its stamps, nor decide
            usage = error.fields["usage"]
            assert isinstance(usage, Usage)
            return usage

    first, *later = [asked(question) for question in QUESTIONS]
    assert first.cached_tokens < 0.5 * first.prompt_tokens
    assert sum(usage.cached_tokens for usage in later) >= 0.8 * sum(usage.prompt_tokens for usage in later)
