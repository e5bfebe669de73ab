"""Asks a model about single moments: whether they bear a question out, and what is to be told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from videoqa.analyser.budget import Budget, TokenRoom
from videoqa.analyser.grouping import A_MOMENT
from videoqa.analyser.model.asking import asked
from videoqa.analyser.model.counting import PromptCounter
from videoqa.analyser.model.evidence import fenced, plain, printable
from videoqa.analyser.model.exchange import Ask, Model, Priority
from videoqa.analyser.model.exhibit import Exhibit, exhibit, grid_size, thinned
from videoqa.analyser.model.fitting import pairing
from videoqa.analyser.model.form import THINKING_TOKENS
from videoqa.analyser.model.prompting import Prompts, Task
from videoqa.analyser.model.reply import SaidFinding, Unusable, Verdict, finding_schema, read_finding
from videoqa.analyser.model.stamps import Cited, Stamps
from videoqa.analyser.model.telling import timed
from videoqa.errors import BadReply, TooLongForModel, Undecided
from videoqa.media import FrameGroup, Sampling, Span
from videoqa.ports import Finding, Pictures

FINDING_TOKENS = 512
ANSWER_TOKENS = 512
TELLING_TOKENS = 1_536
QUESTION_TOKENS = 1_024
LONGEST_QUESTION = 1_000
LONGEST_NOTE = 2_000
_LATE = timedelta(hours=25)


class ModelGrounder:
    """Implements the port ``Grounder`` with a model.

    Args:
        model: who looks.
        prompts: what it is told.
        sampling: how densely and how large it wants the frames of a moment.
        budget: what a request may hold; the model's own context and tokeniser take the place of the budget's.
        priority: whose turn its questions come before.
    """

    def __init__(
        self,
        model: Model,
        prompts: Prompts,
        sampling: Sampling | None = None,
        *,
        budget: Budget | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> None:
        self._model = model
        self._prompts = prompts
        self._priority = priority
        self._sampling = sampling or Sampling(period=timedelta(milliseconds=500))
        self._given = pairing(budget or Budget(), self._sampling)
        self._counter = PromptCounter(model)

    @property
    def seen_by(self) -> str:
        """Raises ``ModelUnreachable`` where the model was never reached."""
        return self._model.capabilities().model

    @property
    def sampling(self) -> Sampling:
        return self._sampling

    @property
    def most_frames(self) -> int:
        """How many fit whatever their shape: square ones are counted, late in a long recording."""
        room = TokenRoom(self._budget(Task.GROUND, TELLING_TOKENS), (self._sampling.long_side,) * 2)
        taken = 0
        while room.takes_frame(_LATE + taken * self._sampling.period):
            taken += 1
        return taken

    def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
        """As the port says; raises ``Undecided`` where the model can tell neither that it is so nor that it is not."""
        shown = self._shown(Task.GROUND, FINDING_TOKENS, group, pictures)
        text = self._prompts.text(
            Task.GROUND,
            cues=shown.cues,
            question=fenced("question", [question], LONGEST_QUESTION),
            counting='"count"' if counting else "",
        )
        schema = finding_schema(shown.stamps.shown, counting=counting)
        ask = self._ask(text, FINDING_TOKENS, shown, schema)
        read = partial(_read, stamps=shown.stamps, counting=counting)
        (said, cited), usage = asked(self._model, ask, read, self._prompts)
        if said.verdict is Verdict.UNCLEAR:
            raise Undecided(problem=said.sentence, usage=usage)
        if cited is None:
            return Finding(None, (), said.sentence, said.certainty, said.count, usage)
        return Finding(_span(cited, group), cited.frames, said.sentence, said.certainty, said.count, usage)

    def compose(self, question: str, findings: Sequence[tuple[str, Finding]]) -> Iterator[str]:
        if not findings:
            return
        told = fenced("findings", (_numbered(number, *each) for number, each in enumerate(findings, 1)), LONGEST_NOTE)
        asks = fenced("question", [question], LONGEST_QUESTION)
        text = self._prompts.text(Task.COMPOSE, findings=told, question=asks)
        yield from map(printable, self._model.stream(self._ask(text, ANSWER_TOKENS)))

    def describe(self, group: FrameGroup, pictures: Pictures, prompt: str = "") -> Iterator[str]:
        """As the port says; a time is that of the first frame under the stamp that the model cites."""
        shown = self._shown(Task.DESCRIBE, TELLING_TOKENS, group, pictures)
        wanted = fenced("wanted", prompt.splitlines(), LONGEST_QUESTION)
        text = self._prompts.text(Task.DESCRIBE, cues=shown.cues, wanted=wanted)
        yield from timed(map(printable, self._model.stream(self._ask(text, TELLING_TOKENS, shown))), shown.stamps)

    def summarise(self, title: str, lines: Sequence[str]) -> Iterator[str]:
        """As the port says; lines that do not fit one request are summarised in parts, and the parts together."""
        if not lines:
            return
        ask = self._summary(title, lines)
        while self._counter.ask(ask) > self._room(TELLING_TOKENS):
            parts = self._parts(lines)
            if len(parts) >= len(lines):
                raise TooLongForModel(problem="its context holds no two lines of a summary")
            lines = [self._told(self._summary(title, part)) for part in parts]
            ask = self._summary(title, lines)
        yield from map(printable, self._model.stream(ask))

    def _shown(self, task: Task, reply: int, group: FrameGroup, pictures: Pictures) -> Exhibit:
        budget = self._budget(task, reply)
        size = grid_size(pictures.jpeg(group.times[0])) if group.times else (0, 0)
        fitting, budget = thinned(group, budget, size)
        return exhibit(fitting, pictures, self._model, budget.within)

    def _budget(self, task: Task, reply: int) -> Budget:
        can = self._model.capabilities()
        names = ("cues", "question", "counting", "wanted")
        text = self._prompts.text(task, **dict.fromkeys(names, fenced("evidence", ["0"])))
        prompt = self._counter.ask(Ask(self._prompts.system, text)) + QUESTION_TOKENS
        return replace(
            self._given.taking(can.video_tokens),
            context=self._room(reply),
            reserved=prompt,
            paired=can.request_kwargs,
            stamp=self._counter.stamp,
            text=self._counter.text,
        )

    def _room(self, reply: int) -> int:
        """Tokens of the longest prompt that leaves room for ``reply`` tokens."""
        can = self._model.capabilities()
        return min(self._given.context, can.context) - reply - THINKING_TOKENS * can.thinking

    def _ask(self, text: str, reply: int, shown: Exhibit | None = None, schema: dict[str, object] | None = None) -> Ask:
        clip = None if shown is None else shown.clip
        return Ask(self._prompts.system, text, clip, schema, "finding", max_tokens=reply, priority=self._priority)

    def _summary(self, title: str, lines: Sequence[str]) -> Ask:
        told = fenced("lines", lines, LONGEST_NOTE)
        text = self._prompts.text(Task.SUMMARISE, title=fenced("title", [title]), lines=told)
        return self._ask(text, TELLING_TOKENS)

    def _told(self, ask: Ask) -> str:
        reply = self._model.ask(ask)
        if not reply.finished or not reply.text.strip():
            raise BadReply(problem="a part of a summary is empty or was cut", usage=reply.usage)
        return reply.text

    def _parts(self, lines: Sequence[str]) -> list[list[str]]:
        """``lines`` in as few runs as fit a request each."""
        room = self._room(TELLING_TOKENS) - self._counter.ask(self._summary("0" * 80, ["0"]))
        return list(_filled(lines, room, lambda line: self._counter.text(plain(line, LONGEST_NOTE) + "\n")))


def _read(text: str, *, stamps: Stamps, counting: bool) -> tuple[SaidFinding, Cited | None]:
    """What is said, and the frames that bear it out: None where it is not borne out, or none were counted."""
    said = read_finding(text, counting=counting)
    if said.verdict is not Verdict.YES or said.count == 0:
        return said, None
    cited = None
    if said.first is not None and said.last is not None:
        cited = stamps.cited(said.first, said.last)
    if cited is None:  # what cannot be shown is not borne out, and a sentence that affirms it is no reason against it
        raise Unusable('"verdict" is yes, but "first" and "last" are not stamps that were shown, in this order', 1)
    return said, cited


def _span(cited: Cited, group: FrameGroup) -> Span:
    end = group.span.end if cited.lasts_until is None else cited.lasts_until
    return Span(cited.frames[0], max(end, cited.frames[-1] + A_MOMENT))


def _numbered(number: int, where: str, finding: Finding) -> str:
    """A finding as a line of evidence; only its own number stands in square brackets, for these are citations."""
    count = "" if finding.count is None else f" ({finding.count})"
    told = f"{where}: {finding.sentence}{count}".translate(str.maketrans("[]", "()"))
    return f"[{number}] {told}"


def _filled(lines: Sequence[str], room: int, cost: Callable[[str], int]) -> Iterator[list[str]]:
    part: list[str] = []
    left = room
    for line in lines:
        tokens = cost(line)
        if part and tokens > left:
            yield part
            part, left = [], room
        part.append(line)
        left -= tokens
    if part:
        yield part
