"""Secrets that every command under test is given, and that must be read in nothing it writes."""

from __future__ import annotations

from pathlib import Path

CANARY = "canary-5d1f0c"
SETTINGS = {
    f"VIDEOQA_{name}_KEY": f"{CANARY}-{name.lower()}" for name in ("MODEL", "MODEL_FALLBACK", "SPEECH", "EMBEDDER")
}


def sing(*texts: str) -> list[str]:
    """What of a secret stands in ``texts``, with what stands around it."""
    return [text[max(0, at - 80) : at + 60] for text in texts if (at := text.find(CANARY)) >= 0]


def sing_in(folder: Path) -> list[str]:
    """The files below ``folder`` in which a secret stands."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path.relative_to(folder)) for path in files if CANARY.encode() in path.read_bytes()]
