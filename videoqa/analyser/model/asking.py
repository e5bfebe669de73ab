"""Asks a model for a reply in a form, and once more where the first one is not in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from videoqa.analyser.model.evidence import plain
from videoqa.analyser.model.exchange import Ask, Model, Reply
from videoqa.analyser.model.prompting import Prompts, Task
from videoqa.analyser.model.reply import Unusable
from videoqa.errors import BadReply, TooLongForModel
from videoqa.ports import Usage

Said = TypeVar("Said")
_LONGEST_QUOTE = 4_000
_LONGEST_PROBLEM = 300


def asked(model: Model, ask: Ask, read: Callable[[str], Said], prompts: Prompts) -> tuple[Said, Usage]:
    """What ``read`` makes of the model's reply, or of its second one, and what both cost.

    The second time the model is shown its reply and told what is wrong with it.

    Raises:
        BadReply: neither is in form; its field ``usage`` says what they cost.
        ModelError: the model cannot be asked.
    """
    reply = model.ask(ask)
    usage = reply.usage
    try:
        return _read(reply, read), usage
    except Unusable as error:
        first = error
    usage = replace(usage, uncited=usage.uncited + first.uncited)
    problem = plain(str(first), _LONGEST_PROBLEM)
    turn = (_quoted(reply), prompts.text(Task.REPAIR, problem=problem))
    try:
        again = model.ask(replace(ask, history=(*ask.history, turn)))
    except TooLongForModel as error:
        raise BadReply(problem=f"{problem}, and no room to ask again", usage=usage) from error
    usage += again.usage
    try:
        return _read(again, read), usage
    except Unusable as error:
        usage = replace(usage, uncited=usage.uncited + error.uncited)
        raise BadReply(problem=f"{problem}; asked again: {plain(str(error), _LONGEST_PROBLEM)}", usage=usage) from error


def _read(reply: Reply, read: Callable[[str], Said]) -> Said:
    if not reply.finished:
        raise Unusable("it was cut at its longest length")
    return read(reply.text)


def _quoted(reply: Reply) -> str:
    """The reply as the model is shown it again: what footage made it write must not speak for anybody else."""
    return plain(reply.text, _LONGEST_QUOTE) or "(nothing)"
