"""Rules in plain language before the real vLLM: one token for a fast look, a form that holds for the second."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from ingest.gate.scenery import LiveScenery
from tests.vllm.clips import clip, every
from tests.yards import SECOND, START, Yard, seen
from videoqa.alerts import AlertRule, Condition, ConditionKind, Verdict
from videoqa.analyser.model.exchange import Ask, Priority
from videoqa.analyser.model.grounder import ModelGrounder
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.analyser.sentry.glance import Glances
from videoqa.analyser.sentry.sentries import CameraSentries, Eyes
from videoqa.analyser.sentry.waiting import Shot, jpeg_of

RULE = AlertRule("fence", "fence", Condition(ConditionKind.DESCRIBED, "a person climbs the fence"), START)
RULES = [
    RULE,
    AlertRule("dog", "dog", Condition(ConditionKind.DESCRIBED, "a dog runs"), START),
    AlertRule("fire", "火", Condition(ConditionKind.DESCRIBED, "冒烟或着火"), START),
]


@pytest.fixture
def shots() -> list[Shot]:
    yard = Yard()
    taken = []
    for number in range(4):
        pts = timedelta(seconds=number)
        taken.append(Shot(pts, pts, 0, START + pts, jpeg_of(yard.ground)))
    return taken


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_fast_look_costs_one_token_a_rule(server: ModelServer, shots: list[Shot], language: str) -> None:
    glance = Glances(server, Prompts.load(language)).look(shots, RULES, 2 * SECOND)
    assert set(glance.may_be) == {rule.id for rule in RULES}
    assert not glance.failed
    # The digit, and the end of the reply.
    assert glance.usage.completion_tokens <= 2 * len(RULES)


def test_frames_that_every_rule_is_asked_about_are_sent_once(server: ModelServer, shots: list[Shot]) -> None:
    glances = Glances(server, Prompts.load("en"))
    glances.look(shots, RULES[:1], 2 * SECOND)
    again = glances.look(shots, RULES, 2 * SECOND)
    assert again.usage.cached_tokens > 0.3 * again.usage.prompt_tokens


def test_what_is_said_of_a_scene_is_told_or_not_and_nobody_is_blind(server: ModelServer) -> None:
    prompts = Prompts.load("en")
    eyes = Eyes(Glances(server, prompts), ModelGrounder(server, prompts, priority=Priority.LIVE))
    sentry = CameraSentries(LiveScenery, eyes).sentry("gate", SECOND, waiting=True)
    yard = Yard()
    looks = seen(sentry, [*yard.empty(10), *yard.drive(6)], RULES)
    assert not any(look.blind for look in looks)
    verdicts = {sighting.verdict for look in looks for sighting in look.sightings.values()}
    assert verdicts <= {Verdict.CONFIRMED, Verdict.UNCONFIRMED}
    assert sentry.usage.completion_tokens > 0


def test_a_fast_look_goes_before_what_is_indexed(server: ModelServer, shots: list[Shot]) -> None:
    """A batch of long replies is under way; the look is not answered after them."""
    done: list[str] = []

    def index(number: int) -> None:
        server.ask(Ask("", f"Tell all of {number}.", clip(every(1.0, 4)), max_tokens=400))
        done.append("batch")

    batch = [threading.Thread(target=index, args=(number,)) for number in range(12)]
    for thread in batch:
        thread.start()
    Glances(server, Prompts.load("en")).look(shots, RULES, 2 * SECOND)
    done.append("look")
    for thread in batch:
        thread.join()
    assert done.index("look") < len(done) - 1
