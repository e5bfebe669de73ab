"""Which model a request asks for, read from the beginning of its body."""

from __future__ import annotations

import json
import re

_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_OPEN, _CLOSE, _BETWEEN = b"{[", b"}]", b",:"
_LONGEST_NAME = 1024
_LONGEST_FIELD = 4096
_FIELD = re.compile(rb'form-data; *name="?model"?(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]{1,1024})\r\n')


class AskedInForm:
    """Finds the field ``model`` of a form (multipart/form-data), in which a recording of speech is sent.

    Bytes of the recording that look like the field's would count; then the model they name is not here, and that is
    what is answered.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self._last = b""

    def feed(self, chunk: bytes) -> bool:
        """As ``AskedModel.feed``."""
        seen = self._last + chunk
        if field := _FIELD.search(seen):
            self.name = field[1].decode("utf-8", "replace")
        self._last = seen[-_LONGEST_FIELD:]
        return self.name is not None


class AskedModel:
    """Finds the member ``model`` of a JSON object while its bytes arrive, without parsing what else is in it.

    Members of inner objects, and text that looks like one, do not count. Strings are skipped at the speed of a search,
    so that megabytes of pictures before the name cost next to nothing.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self.done = False
        self._depth = 0
        self._string: bytearray | None = None
        self._escaped = False
        self._key: str | None = None
        self._at_key = True

    def feed(self, chunk: bytes) -> bool:
        """Takes the next bytes; True once no more are needed, be it that the name is found or that there is none."""
        at = 0
        while at < len(chunk) and not self.done:
            at = self._outside(chunk[at], at) if self._string is None else self._inside(chunk, at)
        return self.done

    def _outside(self, byte: int, at: int) -> int:
        if byte == _QUOTE:
            self._string = bytearray()
        elif byte in _OPEN:
            # A body that is no object names no model.
            self.done = self._depth == 0 and byte != _OPEN[0]
            self._depth += 1
        elif byte in _CLOSE:
            self._depth -= 1
            self.done = self._depth <= 0
        elif self._depth == 1 and byte in _BETWEEN:
            self._at_key = byte == _BETWEEN[0]
        return at + 1

    def _inside(self, chunk: bytes, at: int) -> int:
        start = at
        while at < len(chunk):
            if self._escaped:
                self._escaped, at = False, at + 1
                continue
            quote = chunk.find(_QUOTE, at)
            slash = chunk.find(_BACKSLASH, at, len(chunk) if quote == -1 else quote)
            if slash != -1:
                self._escaped, at = True, slash + 1
            elif quote == -1:
                at = len(chunk)
            else:
                self._keep(chunk, start, quote)
                self._take()
                return quote + 1
        self._keep(chunk, start, at)
        return at

    def _keep(self, chunk: bytes, start: int, end: int) -> None:
        assert self._string is not None
        self._string += chunk[start : min(end, start + _LONGEST_NAME)]

    def _take(self) -> None:
        """Makes a key or the name of the string that has just ended, where it is one of the outermost object."""
        text, self._string = self._string, None
        if text is None or self._depth != 1 or (not self._at_key and self._key != "model"):
            return
        try:
            read = json.loads(b'"' + text + b'"') if len(text) < _LONGEST_NAME else ""
        except ValueError:
            read = ""
        if self._at_key:
            self._key = read
        else:
            self.name, self.done = read, True
