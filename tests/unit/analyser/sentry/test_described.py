from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from ingest.gate.scenery import LiveScenery
from tests.scripted_model import Failed, Reply, Request, Said, ScriptedModel
from tests.yards import SECOND, START, Yard, seen
from videoqa.alerting.blind import WITHOUT_MODEL
from videoqa.alerts import Alert, AlertRule, AlertState, Condition, ConditionKind, Severity, Verdict
from videoqa.analyser.model.dealings import Retries
from videoqa.analyser.model.exchange import Ask, Priority
from videoqa.analyser.model.exchange import Reply as ModelReply
from videoqa.analyser.model.grounder import ModelGrounder
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.analyser.sentry.described import UNUSABLE
from videoqa.analyser.sentry.glance import Glances
from videoqa.analyser.sentry.sentries import NO_MODEL, CameraSentries, CameraSentry, Eyes
from videoqa.events import Usage
from videoqa.media import ZERO, Span
from videoqa.ports import Looked, LookedAway, Sighting

RULE = AlertRule("fence", "fence", Condition(ConditionKind.DESCRIBED, "a person climbs the fence"), START)
PATIENCE = 60


@dataclass
class Guard:
    """A model that says of fast looks what ``may_be`` says, and of second ones what ``verdict`` and ``sentence`` say.

    ``held`` keeps it from answering fast looks; of the rule in whose words ``babbling`` is it says what nobody can use.
    """

    may_be: bool | Callable[[Request], bool] = False
    verdict: str = "yes"
    sentence: str = "A man in red climbs over the fence."
    failing: bool = False
    babbling: str = ""
    held: threading.Event = field(default_factory=threading.Event)
    fast: list[Request] = field(default_factory=list)
    second: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.held.set()

    def __call__(self, request: Request) -> Reply:
        if self.failing:
            return Failed(503)
        if "person" not in request.prompt and "dog" not in request.prompt:
            return Said("")
        if request.schema == {"enum": [0, 1]}:
            self.fast.append(request)
            self.held.wait(PATIENCE)
            if self.babbling and self.babbling in request.prompt:
                return Said("7", prompt_tokens=50, completion_tokens=1)
            may_be = self.may_be(request) if callable(self.may_be) else self.may_be
            return Said("1" if may_be else "0", prompt_tokens=50, completion_tokens=1)
        self.second.append(request)
        shown = request.stamps if self.verdict == "yes" else [None]
        first, last = (None if stamp is None else str(stamp) for stamp in (shown[0], shown[-1]))
        reply = {"verdict": self.verdict, "first": first, "last": last, "sentence": self.sentence, "certainty": 0.9}
        return Said(reply, prompt_tokens=200, completion_tokens=30)


@pytest.fixture
def guard() -> Guard:
    return Guard()


@pytest.fixture
def sentries(guard: Guard) -> Iterator[CameraSentries]:
    with ScriptedModel(guard) as server:
        model = ModelServer(server.url, retries=Retries(attempts=1, hurried=1))
        prompts = Prompts.load("en")
        eyes = Eyes(Glances(model, prompts), ModelGrounder(model, prompts, priority=Priority.LIVE))
        yield CameraSentries(LiveScenery, eyes)
        guard.held.set()


@pytest.fixture
def sentry(sentries: CameraSentries) -> CameraSentry:
    """One that waits for the model."""
    return sentries.sentry("gate", SECOND, waiting=True)


def told(looks: list[Looked]) -> list[Sighting]:
    return [look.sightings["fence"] for look in looks if "fence" in look.sightings]


def test_a_fast_look_asks_for_one_token_before_all_others(sentry: CameraSentry, guard: Guard) -> None:
    seen(sentry, Yard().empty(1), [RULE])
    (request,) = guard.fast
    assert request.body["max_tokens"] == 2
    assert request.body["priority"] == Priority.LIVE
    assert "a person climbs the fence" in request.prompt
    assert request.has_pictures


def test_a_scene_in_which_nothing_is_new_is_looked_at_once(sentry: CameraSentry, guard: Guard) -> None:
    looks = seen(sentry, Yard().empty(60), [RULE])
    assert len(guard.fast) == 1
    assert not guard.second
    assert not told(looks)
    assert sentry.usage == replace(Usage(prompt_tokens=50, completion_tokens=1), seconds=sentry.usage.seconds)


def test_what_the_second_look_confirms_is_told_with_its_verdict_and_frames(sentry: CameraSentry, guard: Guard) -> None:
    yard = Yard()
    seen(sentry, yard.empty(15), [RULE])
    guard.may_be = True
    (sighting, *later) = told(seen(sentry, yard.drive(6), [RULE]))
    assert sighting.verdict is Verdict.CONFIRMED
    assert sighting.description == guard.sentence
    assert sighting.frames
    assert all(timedelta(seconds=7) <= pts <= timedelta(seconds=21) for pts in sighting.frames)
    assert sighting.seen_by == "scripted"
    assert {other.identity for other in later} == {sighting.identity}
    assert len(guard.second) == 1
    assert len(guard.second[0].frames) > len(guard.fast[0].frames)


def test_what_the_second_look_rejects_is_not_told_and_asked_ever_more_seldom(
    sentry: CameraSentry, guard: Guard
) -> None:
    yard = Yard()
    guard.may_be, guard.verdict = True, "no"
    looks = seen(sentry, [*yard.drive(12, step=20), *yard.drive(12, start=230, step=-20)], [RULE])
    assert not told(looks)
    assert len(guard.fast) >= 18
    assert 2 <= len(guard.second) <= 4


def test_what_a_second_look_cannot_tell_goes_out_unconfirmed(sentry: CameraSentry, guard: Guard) -> None:
    guard.may_be, guard.verdict = True, "unclear"
    sightings = told(seen(sentry, Yard().drive(12, step=20), [RULE]))
    assert sightings[0].verdict is Verdict.UNCONFIRMED
    assert "a person climbs the fence" in sightings[0].description
    assert len(guard.second) == 2


def test_it_holds_while_nothing_changes_and_is_over_when_a_fast_look_says_no(
    sentry: CameraSentry, guard: Guard
) -> None:
    yard = Yard()
    seen(sentry, yard.empty(15), [RULE])
    guard.may_be = True
    assert told(seen(sentry, yard.drive(4), [RULE]))
    standing = told(seen(sentry, [yard.frame((85, 80, 125, 120)) for _ in range(5)], [RULE]))
    assert len(standing) == 5
    guard.may_be = False
    assert not told(seen(sentry, yard.empty(10), [RULE])[3:])


def test_a_rule_that_is_armed_later_is_looked_for_though_nothing_is_new(sentry: CameraSentry, guard: Guard) -> None:
    yard = Yard()
    seen(sentry, yard.empty(15), [RULE])
    other = replace(RULE, id="dog", condition=Condition(ConditionKind.DESCRIBED, "a dog"))
    seen(sentry, yard.empty(20), [RULE, other])
    assert "a dog" in guard.fast[-1].prompt


def test_rules_of_one_zone_are_asked_about_the_same_bytes(sentry: CameraSentry, guard: Guard) -> None:
    zone = ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0))
    rules = [
        RULE,
        replace(RULE, id="dog", condition=Condition(ConditionKind.DESCRIBED, "a dog")),
        replace(RULE, id="zone", condition=Condition(ConditionKind.DESCRIBED, "a dog", zone=zone)),
    ]
    seen(sentry, Yard().empty(1), rules)
    whole, again, part = (request.frames or [request.parts[0].get("uuid")] for request in guard.fast)
    assert guard.fast[0].parts[0].get("uuid") == guard.fast[1].parts[0].get("uuid")
    assert guard.fast[0].parts[0].get("uuid") != guard.fast[2].parts[0].get("uuid")
    assert whole
    assert again
    assert part


def test_while_the_model_is_away_its_rules_are_blind_and_said_why(sentry: CameraSentry, guard: Guard) -> None:
    guard.failing = True
    (look,) = seen(sentry, Yard().empty(1), [RULE])
    assert look.blind == {"fence"}
    assert look.problem


def test_a_rule_of_which_the_model_says_nothing_usable_is_blind_and_looked_away_from(
    sentry: CameraSentry, guard: Guard
) -> None:
    yard = Yard()
    other = replace(RULE, id="dog", condition=Condition(ConditionKind.DESCRIBED, "a dog"))
    seen(sentry, yard.empty(15), [RULE, other])
    guard.may_be = True
    assert "fence" in seen(sentry, yard.drive(6), [RULE, other])[-1].sightings
    guard.babbling = "climbs the fence"
    looks = seen(sentry, [yard.frame((160, 80, 200, 120)) for _ in range(60)], [RULE, other])[1:]
    assert not told(looks)
    assert {(look.blind, look.problem) for look in looks} == {(frozenset({"fence"}), UNUSABLE)}
    starts = {each.span.start for look in looks for each in look.away if each.rules == ("fence",)}
    assert len(starts) == 59
    assert all("dog" in look.sightings for look in looks)
    guard.babbling = ""
    later = seen(sentry, [yard.frame((160, 80, 200, 120)) for _ in range(15)], [RULE, other])
    assert not later[-1].blind
    assert "fence" in later[-1].sightings


def test_what_nobody_can_use_is_not_asked_for_in_every_frame(sentry: CameraSentry, guard: Guard) -> None:
    guard.babbling = "climbs the fence"
    seen(sentry, Yard().empty(60), [RULE])
    assert 5 <= len(guard.fast) <= 7


@pytest.mark.parametrize("waiting", [True, False])
def test_a_look_that_breaks_leaves_its_rules_blind_and_is_told_as_looked_away(
    guard: Guard, caplog: pytest.LogCaptureFixture, waiting: bool
) -> None:
    class Broken(ModelServer):
        def ask(self, ask: Ask) -> ModelReply:
            raise RuntimeError("it broke")

    model, prompts = Broken("http://127.0.0.1:9"), Prompts.load("en")
    eyes = Eyes(Glances(model, prompts), ModelGrounder(model, prompts))
    sentry, yard = CameraSentries(LiveScenery, eyes).sentry("gate", SECOND, waiting=waiting), Yard()
    looks = list[Looked]()

    def blind() -> bool:
        looks.extend(seen(sentry, yard.empty(1), [RULE]))
        return looks[-1].blind == {"fence"} and "RuntimeError" in looks[-1].problem

    _until(blind)
    assert looks[-1].away[-1].rules == ("fence",)
    assert "it broke" in caplog.text
    assert ZERO in {each.span.start for look in looks for each in look.away}


def test_a_clock_that_is_put_back_keeps_nobody_from_looking_again(sentry: CameraSentry, guard: Guard) -> None:
    guard.failing = True
    yard = Yard()
    assert seen(sentry, yard.empty(2), [RULE])[-1].blind
    guard.failing = False
    frames = [replace(live, taken_at=live.taken_at - timedelta(hours=1)) for live in yard.empty(2)]
    assert not seen(sentry, frames, [RULE])[-1].blind


def test_what_was_rejected_is_looked_at_again_though_the_clock_was_put_back(sentry: CameraSentry, guard: Guard) -> None:
    yard = Yard()
    guard.may_be, guard.verdict = True, "no"
    seen(sentry, yard.drive(5, step=20), [RULE])
    before = len(guard.second)
    frames = [replace(live, taken_at=live.taken_at - timedelta(hours=1)) for live in yard.drive(12, 110, 10)]
    seen(sentry, frames, [RULE])
    assert len(guard.second) > before > 0


def test_without_a_model_plain_language_says_what_it_needs() -> None:
    sentry = CameraSentries(LiveScenery).sentry("gate", SECOND)
    (look,) = seen(sentry, Yard().empty(1), [RULE])
    assert look.blind == {"fence"}
    assert look.problem == NO_MODEL
    assert "videoqa model serve" in look.problem
    assert look.away == (LookedAway(Span(timedelta(0), SECOND), ("fence",), WITHOUT_MODEL),)


def test_the_same_told_in_like_words_has_the_same_identity_after_a_restart(
    sentries: CameraSentries, guard: Guard
) -> None:
    guard.may_be = True

    def identity(sentry: CameraSentry) -> str:
        return told(seen(sentry, Yard().drive(4), [RULE]))[0].identity

    first = identity(sentries.sentry("gate", SECOND, waiting=True))
    known = [_alert(first)]
    guard.sentence = "At 3.5 seconds a man in red is climbing over the fence."
    assert identity(sentries.sentry("gate", SECOND, known, waiting=True)) == first
    guard.sentence = "A woman in a blue coat jumps down from a wall."
    assert identity(sentries.sentry("gate", SECOND, known, waiting=True)) != first


def test_nobody_waits_for_the_model_and_what_it_has_no_time_for_is_given_up_and_told(
    sentries: CameraSentries, guard: Guard
) -> None:
    sentry, yard = sentries.sentry("gate", SECOND), Yard()
    guard.held.clear()
    seen(sentry, yard.drive(12, step=20), [RULE])
    # Only while the model has a look in hand do others wait behind it.
    _until(lambda: bool(guard.fast))
    looks = seen(sentry, [*yard.drive(12, start=230, step=-20), *yard.drive(12, step=20)], [RULE])
    away = [each for look in looks for each in look.away]
    guard.held.set()
    assert away
    assert all(each.rules == ("fence",) and "keep up" in each.cause for each in away)
    starts = [each.span.start for each in away]
    assert starts == sorted(set(starts))
    _until(lambda: len(guard.fast) >= 2)
    # The newest ones are looked at.
    assert max(guard.fast[1].stamps) > starts[-1].total_seconds()
    sentry.close()


def test_no_camera_has_the_model_to_itself(sentries: CameraSentries, guard: Guard) -> None:
    yards = [Yard(seed) for seed in range(4)]
    posts = [sentries.sentry(f"camera {number}", SECOND) for number in range(4)]
    rules = [replace(RULE, condition=Condition(ConditionKind.DESCRIBED, f"person {n}")) for n in range(4)]
    for second in range(16):
        for number, (yard, post) in enumerate(zip(yards, posts, strict=True)):
            # The first camera shows something new in every frame, the others hardly ever.
            busy = number == 0 or second % 4 == number
            box = (10 + 20 * (second % 12), 80, 50 + 20 * (second % 12), 120) if busy else None
            post.look(yard.frame(box), [rules[number]])
    for number in range(4):
        _until(lambda number=number: any(f"person {number}" in request.prompt for request in guard.fast))
    for post in posts:
        post.close()


def test_a_camera_that_is_closed_is_hung_up_on(sentries: CameraSentries, guard: Guard) -> None:
    guard.held.clear()
    sentry = sentries.sentry("gate", SECOND)
    seen(sentry, Yard().empty(1), [RULE])
    _until(lambda: bool(guard.fast))
    sentry.close()
    other = sentries.sentry("yard", SECOND)
    guard.held.set()
    seen(other, Yard().empty(1), [RULE])
    _until(lambda: len(guard.fast) >= 2)
    other.close()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _alert(identity: str) -> Alert:
    return Alert(
        "a", "fence", "gate", "e", AlertState.ENDED, START, START, Severity.LOW, "", "", 1.0, Verdict.CONFIRMED,
        "rec", ZERO, identity=identity,
    )  # fmt: skip
