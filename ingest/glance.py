"""What can be told of a file without opening it as footage."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import Path

from ingest.formats import FORMATS
from videoqa.errors import NoSuchFile, NotFootage

_HEAD = 1024


def refuse_text(path: Path) -> None:
    """
    Raises:
        NotFootage: it begins with a kilobyte of text, or is nothing else; every container begins with numbers.
        NoSuchFile: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise NoSuchFile(problem=error.strerror or str(error)) from error
    if _is_text(head):
        raise NotFootage(problem="it is text", formats=FORMATS)


def _is_text(head: bytes) -> bool:
    text = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        # Of a longer file the last character may be cut off.
        found = text.decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError:
        return False
    return all(char in "\t\n\r\f" or unicodedata.category(char)[0] != "C" for char in found)
