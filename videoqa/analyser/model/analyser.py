"""Asks a model what is to be seen in a group, and turns the stamps it cites into the times of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from videoqa.analyser.budget import Budget, TokenRoom
from videoqa.analyser.grouping import groups
from videoqa.analyser.model import reply
from videoqa.analyser.model.asking import asked
from videoqa.analyser.model.counting import PromptCounter
from videoqa.analyser.model.evidence import fenced, plain
from videoqa.analyser.model.exchange import Ask, Capabilities, Model, Priority
from videoqa.analyser.model.exhibit import Exhibit, exhibit
from videoqa.analyser.model.fitting import Detail, fitted, pairing
from videoqa.analyser.model.form import THINKING_TOKENS
from videoqa.analyser.model.prompting import Prompts, Task
from videoqa.analyser.model.stamps import Stamps
from videoqa.errors import BadPrompt, TooLongForModel
from videoqa.events import Observation, Source
from videoqa.media import Cue, FrameGroup, Sampling
from videoqa.ports import AnalysisKind, Brief, Look, Pictures

VERSION = 1
OVERLAP = 2
REPLY_TOKENS = 4_096
BRIEF_TOKENS = 2_816
LONGEST_PROMPT = 2_000
ALL_AT_ONCE = timedelta(hours=2)
"""What is to fit one request where groups are as long as the context allows, and a detail is wanted."""


class ModelAnalyser:
    """Implements the port ``Analyser`` with a model.

    Args:
        model: who looks.
        prompts: what it is told.
        sampling: how densely and how large frames are wanted.
        budget: what a request may hold; the model's own context and tokeniser take the place of the budget's.
        group_seconds: the longest footage shown at once; with 0 all that the context holds, and each group is told
            what the ones before it showed.
        detail: which of many and large frames gives way where a group does not fit one request; None where neither
            does, and groups are shorter instead.
    """

    def __init__(
        self,
        model: Model,
        prompts: Prompts,
        sampling: Sampling,
        *,
        budget: Budget | None = None,
        group_seconds: int = 120,
        detail: Detail | None = None,
    ) -> None:
        self._model = model
        self._prompts = prompts
        self._wanted = sampling
        self._given = budget or Budget()
        self._longest = timedelta(seconds=group_seconds) if group_seconds else None
        self._detail = detail
        self._counter = PromptCounter(model)
        self._fitted: dict[Capabilities, Sampling] = {}
        self._alone: dict[Model, ModelAnalyser] = {}

    @property
    def kind(self) -> AnalysisKind:
        return AnalysisKind.MODEL

    @property
    def seen_by(self) -> str:
        """Raises ``ModelUnreachable`` where the model was never reached."""
        return self._model.capabilities().model

    @property
    def in_turn(self) -> bool:
        return self._longest is None

    @property
    def fingerprint(self) -> str:
        """Raises ``ModelUnreachable`` where the model was never reached."""
        can = self._model.capabilities()
        form = "video" if can.request_kwargs else "images"
        longest = "all" if self._longest is None else f"{self._longest.total_seconds():g}s"
        edge = self._given.taking(can.video_tokens).longest_edge
        return (
            f"model-{VERSION} {can.model} {form} prompts-{self._prompts.language}-{self._prompts.digest} "
            f"reply-{reply.VERSION} groups-{longest}-{min(self._given.context, can.context)}-"
            f"{edge}-{self._given.within.total_seconds():g}-{self._detail or 'as-set'}"
        )

    @property
    def sampling(self) -> Sampling:
        """Raises ``ModelUnreachable`` where it is fitted to a model that was never reached."""
        if self._detail is None:
            return self._wanted
        can = self._model.capabilities()
        known = self._fitted.get(can)
        if known is None:
            known = fitted(self._wanted, self._room(), self._longest or ALL_AT_ONCE, self._detail)
            self._fitted[can] = known
        return known

    @property
    def budget(self) -> Budget:
        """What one request holds of frames and cues, counted by the model's own tokeniser.

        Raises:
            ModelUnreachable: the model was never reached.
        """
        return pairing(self._room(), self.sampling)

    def plan(
        self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int], length: timedelta
    ) -> tuple[FrameGroup, ...]:
        budget = self.budget
        return groups(times, cues, length, lambda: _Room(TokenRoom(budget, size), self._longest), OVERLAP)

    def analyse(self, group: FrameGroup, pictures: Pictures, brief: Brief) -> Look:
        if brief.seen_by:
            # One that stands in while the other is away may be weaker: an analysis says who saw all of it.
            return self._by(self._model.only(brief.seen_by)).analyse(group, pictures, replace(brief, seen_by=""))
        shown = exhibit(group, pictures, self._model, pairing(self._given, self.sampling).within)
        ask = self._ask(shown, brief)

        def read(text: str) -> tuple[reply.SaidAnalysis, tuple[Observation, ...]]:
            said = reply.read_analysis(text)
            seen = _observed(said, shown.stamps)
            if said.events and not seen:  # to take it for "nothing happened" would be a lie about this footage
                problem = "none of its events has a first and a last stamp that were shown, in this order"
                raise reply.Unusable(problem, uncited=len(said.events))
            return said, seen

        (said, seen), usage = asked(self._model, ask, read, self._prompts)
        return Look(seen, said.summary, replace(usage, uncited=usage.uncited + len(said.events) - len(seen)))

    def _by(self, model: Model) -> ModelAnalyser:
        if model is self._model:
            return self
        longest = int(self._longest.total_seconds()) if self._longest else 0
        alone = ModelAnalyser(
            model,
            self._prompts,
            self._wanted,
            budget=self._given,
            group_seconds=longest,
            detail=self._detail,
        )
        return self._alone.setdefault(model, alone)

    def _room(self) -> Budget:
        """As ``budget``, with frames paired as they are given."""
        can = self._model.capabilities()
        context = min(self._given.context, can.context)
        text = self._text(_ONE_LINE, _ONE_LINE, _ONE_LINE)
        prompt = self._counter.ask(Ask(self._prompts.system, text))
        reserved = prompt + min(BRIEF_TOKENS, context // 8) + self._reply_tokens(context) + self._thinking
        counted = replace(self._given.taking(can.video_tokens), stamp=self._counter.stamp, text=self._counter.text)
        return replace(counted, context=context, reserved=reserved, paired=can.request_kwargs)

    def _ask(self, shown: Exhibit, brief: Brief) -> Ask:
        """What is asked of ``shown``. What came before gives way where there is no room for all of it.

        Raises:
            BadPrompt: what to look for is too long.
            TooLongForModel: the group does not fit the model's context.
        """
        if len(brief.prompt) > LONGEST_PROMPT:
            raise BadPrompt(name="--prompt", problem=f"it is longer than {LONGEST_PROMPT} characters")
        context = min(self._given.context, self._model.capabilities().context)
        room = context - self._reply_tokens(context) - self._thinking
        wanted = fenced("wanted", brief.prompt.splitlines(), LONGEST_PROMPT)
        tokens = 0
        for most in (reply.LONGEST_SUMMARY, reply.LONGEST_SUMMARY // 3, 0):
            before = fenced("earlier", [plain(brief.before, most)] if most else [])
            ask = Ask(
                self._prompts.system,
                self._text(shown.cues, before, wanted),
                shown.clip,
                reply.analysis_schema(shown.stamps.shown),
                "analysis",
                max_tokens=self._reply_tokens(context),
                priority=Priority.BATCH,
            )
            if (tokens := self._counter.ask(ask)) <= room:
                return ask
        raise TooLongForModel(problem=f"{tokens} tokens of footage and prompt, and room for {room}")

    def _text(self, cues: str, before: str, wanted: str) -> str:
        return self._prompts.text(Task.ANALYSE, cues=cues, before=before, wanted=wanted)

    def _reply_tokens(self, context: int) -> int:
        return min(REPLY_TOKENS, context // 4)

    @property
    def _thinking(self) -> int:
        return THINKING_TOKENS * self._model.capabilities().thinking


_ONE_LINE = fenced("evidence", ["0"])


def _observed(said: reply.SaidAnalysis, stamps: Stamps) -> tuple[Observation, ...]:
    """Those of the events ``said`` that cite what was shown."""
    return tuple(
        Observation(
            event.label,
            event.description,
            Source.MODEL,
            cited.frames,
            event.certainty,
            lasts_until=cited.lasts_until,
        )
        for event in said.events
        if (cited := stamps.cited(event.first, event.last)) is not None
    )


class _Room:
    """Room for what ``tokens`` hold, and for ``longest`` from the first frame or cue on."""

    def __init__(self, tokens: TokenRoom, longest: timedelta | None) -> None:
        self._tokens = tokens
        self._longest = longest
        self._first: timedelta | None = None

    def takes_frame(self, pts: timedelta) -> bool:
        return self._in_time(pts) and self._tokens.takes_frame(pts)

    def takes_cue(self, cue: Cue) -> bool:
        return self._in_time(cue.span.start) and self._tokens.takes_cue(cue)

    def _in_time(self, moment: timedelta) -> bool:
        if self._first is None:
            self._first = moment
        return self._longest is None or moment - self._first < self._longest
