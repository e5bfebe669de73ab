"""The prompts: one text file a task and language, packaged; a folder of one's own takes the place of any of them.

A file holds paragraphs with placeholders such as ``$cues``. A paragraph whose placeholder has nothing to stand for is
left out. Lines that begin with ``#`` are about the file and are not sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from string import Template

from videoqa.analyser.model import evidence
from videoqa.errors import BadPrompt

LANGUAGES = ("en", "zh")
_LONGEST_FILE = 20_000


class Task(StrEnum):
    """What a model is told to do. ``SYSTEM`` is who it is told to be, the same whatever it is asked."""

    SYSTEM = "system"
    ANALYSE = "analyse"
    GROUND = "ground"
    COMPOSE = "compose"
    DESCRIBE = "describe"
    SUMMARISE = "summarise"
    REPAIR = "repair"
    WATCH = "watch"


_NEEDED: Mapping[Task, frozenset[str]] = {
    Task.SYSTEM: frozenset(),
    Task.ANALYSE: frozenset({"cues", "before", "wanted"}),
    Task.GROUND: frozenset({"cues", "question"}),
    Task.COMPOSE: frozenset({"findings", "question"}),
    Task.DESCRIBE: frozenset({"cues", "wanted"}),
    Task.SUMMARISE: frozenset({"title", "lines"}),
    Task.REPAIR: frozenset({"problem"}),
    Task.WATCH: frozenset({"rule"}),
}
_OPTIONAL: Mapping[Task, frozenset[str]] = {Task.GROUND: frozenset({"counting"})}


@dataclass(frozen=True, slots=True)
class Prompts:
    """The prompts of one language, each with the placeholders that its task fills."""

    language: str
    texts: Mapping[Task, str]

    def __post_init__(self) -> None:
        for task in Task:
            _check(task, self.texts[task])

    @classmethod
    def load(cls, language: str = "en", folder: Path | None = None) -> Prompts:
        """The packaged prompts of ``language``, those in ``folder`` (``analyse.txt`` and so on) in their place.

        Raises:
            BadPrompt: a prompt lacks one of its placeholders, has one that is unknown, or cannot be read.
        """
        if language not in LANGUAGES:
            raise BadPrompt(name=language, problem=f"the languages are {', '.join(LANGUAGES)}")
        packaged = files(__package__) / "prompts" / language
        texts = {task: _sent((packaged / f"{task}.txt").read_text("utf-8")) for task in Task}
        if folder is not None:
            texts |= _own(folder, language)
        return cls(language, texts)

    @property
    def digest(self) -> str:
        """12 hexadecimal digits that change with anything of what is sent, the evidence's fences included.

        What cameras are watched with is left out: it has no part in what is indexed.
        """
        sent = (f"{task} {self.texts[task]}" for task in Task if task is not Task.WATCH)
        parts = [f"evidence {evidence.VERSION}", self.language, *sent]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]

    @property
    def system(self) -> str:
        return self.texts[Task.SYSTEM]

    def text(self, task: Task, **values: str) -> str:
        """What is sent for ``task``, its placeholders filled with ``values``; each of these is fenced already."""
        shown: list[str] = []
        for paragraph in self.texts[task].split("\n\n"):
            names = set(Template(paragraph).get_identifiers())
            if all(values.get(name) for name in names):
                shown.append(Template(paragraph).substitute(values))
        return "\n\n".join(shown)


def _own(folder: Path, language: str) -> dict[Task, str]:
    """The prompts in ``folder``, those in its subfolder ``language`` before those beside it."""
    found: dict[Task, str] = {}
    if not folder.is_dir():
        raise BadPrompt(name=folder, problem="there is no such folder")
    for task in Task:
        for path in (folder / language / f"{task}.txt", folder / f"{task}.txt"):
            if not path.is_file():
                continue
            try:
                if path.stat().st_size > _LONGEST_FILE:
                    raise BadPrompt(name=path, problem=f"it is longer than {_LONGEST_FILE} bytes")
                found[task] = _sent(path.read_text("utf-8-sig"))
            except (OSError, UnicodeDecodeError) as error:
                raise BadPrompt(name=path, problem=error) from error
            break
    return found


def _sent(text: str) -> str:
    """What of a file is sent: its paragraphs, one blank line between two."""
    lines = [line.rstrip() for line in text.splitlines() if not line.startswith("#")]
    paragraphs = "\n".join(lines).split("\n\n")
    return "\n\n".join(paragraph.strip("\n") for paragraph in paragraphs if paragraph.strip())


def _check(task: Task, text: str) -> None:
    template = Template(text)
    if not text or not template.is_valid():
        raise BadPrompt(name=task, problem="it is empty, or a $ in it names nothing; write $$ for the sign itself")
    found = set(template.get_identifiers())
    if missing := _NEEDED[task] - found:
        raise BadPrompt(name=task, problem=f"it lacks ${', $'.join(sorted(missing))}")
    if unknown := found - _NEEDED[task] - _OPTIONAL.get(task, frozenset()):
        raise BadPrompt(name=task, problem=f"nothing stands for ${', $'.join(sorted(unknown))}")
