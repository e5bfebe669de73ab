"""A multipart/form-data body as it comes: its fields, its subtitles, and its one file in pieces."""

from __future__ import annotations

from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from videoqa.errors import MalformedRequest, SubtitlesTooLarge

LARGEST_SUBTITLES = 4 * 2**20
MOST_SUBTITLES = 2 * LARGEST_SUBTITLES
"""Bytes of subtitles in one form: they are held until the file is there."""
_MOST_PARTS = 64
_LONGEST_FIELD = 2**16
_LONGEST_HEADER = 2**13


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FileBegins:
    name: str


@dataclass(frozen=True, slots=True)
class SubtitlePart:
    name: str
    content: bytes


Item = Field | SubtitlePart | FileBegins | memoryview
"""A field, a subtitle file, the begin of the file, a piece of it."""


class Form:
    """Reads the body of a request of ``content_type`` part by part; keeps nothing of the file.

    Raises:
        MalformedRequest: the type names no boundary.
    """

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._part_begins,
                    "on_part_data": self._data,
                    "on_part_end": self._part_ends,
                    "on_header_begin": self._header_begins,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_ends,
                    "on_headers_finished": self._headers_end,
                    "on_end": self._end,
                },
                max_header_size=_LONGEST_HEADER,
            )
        except (KeyError, FormParserError) as error:
            raise MalformedRequest(problem="its Content-Type names no boundary that can be used") from error
        self._found: list[Item] = []
        self._parts = 0
        self._headers: dict[bytes, bytes] = {}
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._field: tuple[str, bytearray] | None = None
        self._subtitles: str | None = None
        self._subtitle_bytes = 0
        self._files = 0
        self._ended = False

    def feed(self, data: bytes) -> list[Item]:
        """What ``data`` brings, in order.

        Raises:
            MalformedRequest: it is no form, or one with too much in it.
        """
        self._found = []
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise MalformedRequest(problem=f"the form breaks off: {error}") from error
        return self._found

    def end(self) -> None:
        """
        Raises:
            MalformedRequest: the form does not end, or has no file.
        """
        if not self._ended:
            raise MalformedRequest(problem="the form has no end; send it again")
        if not self._files:
            raise MalformedRequest(problem="the form has no field file; send it as `curl -F file=@clip.mp4`")

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise MalformedRequest(problem=f"the form has more than {_MOST_PARTS} fields")
        self._headers = {}
        self._field = None
        self._subtitles = None

    def _header_begins(self) -> None:
        self._header = (bytearray(), bytearray())

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _header_ends(self) -> None:
        self._headers[bytes(self._header[0]).lower()] = bytes(self._header[1])

    def _headers_end(self) -> None:
        told = self._headers.get(b"content-disposition", b"").decode("latin-1")
        kind, options = parse_options_header(told)
        if kind != b"form-data" or b"name" not in options:
            raise MalformedRequest(problem="a part of the form has no name")
        name = options[b"name"].decode("utf-8", "replace")
        file_name = options.get(b"filename", b"").decode("utf-8", "replace")
        if name != "file":
            self._field = (name, bytearray())
            self._subtitles = file_name if name == "subtitles" else None
            return
        self._files += 1
        if self._files > 1:
            raise MalformedRequest(problem="the form has more than one file; send each in a request of its own")
        self._found.append(FileBegins(file_name))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self._found.append(memoryview(data)[start:end])
            return
        name, value = self._field
        value += data[start:end]
        if self._subtitles is not None:
            self._subtitle_bytes += end - start
            if len(value) > LARGEST_SUBTITLES:
                raise SubtitlesTooLarge(name=self._subtitles, limit=LARGEST_SUBTITLES)
            if self._subtitle_bytes > MOST_SUBTITLES:
                problem = f"the form has more than {MOST_SUBTITLES} bytes of subtitles; PUT the others later"
                raise MalformedRequest(problem=problem)
            return
        if len(value) > _LONGEST_FIELD:
            raise MalformedRequest(problem=f"the field {name[:60]} is longer than {_LONGEST_FIELD} bytes")

    def _part_ends(self) -> None:
        if self._field is None:
            return
        name, value = self._field
        if self._subtitles is not None:
            # A page's field in which no file was chosen has no name and nothing in it.
            if self._subtitles or value:
                self._found.append(SubtitlePart(self._subtitles, bytes(value)))
            return
        try:
            self._found.append(Field(name, value.decode("utf-8")))
        except UnicodeDecodeError as error:
            raise MalformedRequest(problem=f"the field {name[:60]} is no UTF-8") from error

    def _end(self) -> None:
        self._ended = True
