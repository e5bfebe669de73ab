"""Reads a Dockerfile as its instructions."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

DOCKER = Path(__file__).resolve().parents[2] / "docker"


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its JSON form's, where it has that."""
        found = re.search(r"\[.*\]$", self.text)
        return list(json.loads(found[0])) if found else self.text.split()


def stages(path: Path) -> list[list[Instruction]]:
    """The instructions of every stage, each beginning with its FROM."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    found: list[list[Instruction]] = []
    for line in re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        name, _, text = line.strip().partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, text.strip()))
    return found
