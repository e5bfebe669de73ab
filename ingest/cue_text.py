"""From the bytes of a subtitle file to its lines, in the child process."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pysubs2

MOST_CUES = 50_000
MOST_LINES = 40
LONGEST_LINE = 2_000
LONGEST_TEXT = 2_000
LONGEST_MS = 60_000
_ARROW = re.compile(r"-->")
_ROLLING = re.compile(r"<\d+:\d\d")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d[\d:.]{0,20}>")
_ENCODINGS = {
    "zh": ("gb18030", "big5"),
    "zh-tw": ("big5", "gb18030"),
    "zh-hk": ("big5", "gb18030"),
    "zh-hant": ("big5", "gb18030"),
    "ja": ("cp932", "euc_jp"),
    "ko": ("cp949",),
    "ru": ("cp1251", "koi8_r"),
    "uk": ("cp1251",),
    "el": ("cp1253",),
    "he": ("cp1255",),
    "ar": ("cp1256",),
    "th": ("cp874",),
    "pl": ("cp1250",),
    "cs": ("cp1250",),
    "hu": ("cp1250",),
    "tr": ("cp1254",),
}
# The commonest letters of what is written in an encoding, and the share they have of such text, as counted in prose.
_COMMON_LETTERS = (
    ("gb18030", frozenset("的是不了一我在有这个们来，。"), 0.15),
    ("big5", frozenset("的是不了一我在有這個們來，。"), 0.15),
    ("cp949", frozenset("이다는에의가고을하지한은"), 0.2),
    ("cp932", frozenset("のにはをたがでてとしれさ。、"), 0.3),
    ("cp1251", frozenset("оеаинт"), 0.45),
    ("koi8_r", frozenset("оеаинт"), 0.45),
    ("cp1253", frozenset("αοιετσν"), 0.5),
    ("cp1255", frozenset("יוהלאמ"), 0.45),
    ("cp1256", frozenset("اليمنو"), 0.45),
    ("cp874", frozenset("านรอกเ"), 0.35),
)
_HIGH = re.compile(rb"[\x80-\xff]")
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")


@dataclass(frozen=True, slots=True)
class Track:
    """The lines of a subtitle file as (start, end, text) in milliseconds, in order; what of them was wrong, counted."""

    lines: tuple[tuple[int, int, str], ...]
    odd_times: int = 0
    cut: int = 0


def read_track(content: bytes, language: str | None) -> Track:
    """The lines of a subtitle file in any format and encoding it is likely to come in."""
    text, cut = _bounded(decoded(content, language))
    rolling = bool(_ROLLING.search(text))
    try:
        parsed = pysubs2.SSAFile.from_string(text, keep_html_tags=True)
    except (pysubs2.exceptions.Pysubs2Error, ValueError):
        return Track(())
    shown = sorted((event for event in parsed if not event.is_comment), key=lambda event: (event.start, event.end))
    lines = []
    before: tuple[str, ...] = ()
    for event in shown[:MOST_CUES]:
        every = tuple(filter(None, (" ".join(_plain(line).split()) for line in event.plaintext.split("\n"))))
        fresh = [line for line in every if line not in before] if rolling else every
        before = every
        words = " ".join(fresh)
        if words:
            lines.append((event.start, event.end, words[:LONGEST_TEXT]))
            cut += len(words) > LONGEST_TEXT
    repaired, odd = _timed(lines)
    return Track(tuple(repaired), odd, cut + max(0, len(shown) - MOST_CUES))


def decoded(content: bytes, language: str | None) -> str:
    """``content`` as text: by its byte order mark, else UTF-8, else UTF-16, else as its language and bytes suggest."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is not None and "\0" not in text:
        return text
    zeros = content[:4096].count(0)
    if zeros > len(content[:4096]) // 8:
        return content.decode("utf-16-be" if content[::2].count(0) > content[1::2].count(0) else "utf-16-le", "replace")
    lost = content.decode("utf-8", errors="replace")
    unread = lost.count("\N{REPLACEMENT CHARACTER}")
    if sum(char > "\x7f" for char in lost) - unread >= 2 * unread:
        return lost
    tag = (language or "").casefold()
    for encoding in _ENCODINGS.get(tag, _ENCODINGS.get(tag.split("-")[0], ())):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return _guessed(content)


def _guessed(content: bytes) -> str:
    """``content`` in the encoding in which it holds the most of its language's commonest letters.

    High bytes that mostly stand alone among ASCII are the accents of a western language.
    """
    sample = content[:200_000]
    high = len(_HIGH.findall(sample))
    if len(_ALONE.findall(sample)) > 0.5 * high:
        return content.decode("cp1252", errors="replace")
    best, most = "cp1252", 0.5
    for encoding, common, usual in _COMMON_LETTERS:
        text = sample.decode(encoding, errors="replace")
        strange = [char for char in text if char > "\x7f"]
        share = sum(char in common for char in strange) / max(1, len(strange)) / usual
        if share > most and text.count("\N{REPLACEMENT CHARACTER}") <= 0.01 * len(strange) + 1:
            best, most = encoding, share
    return content.decode(best, errors="replace")


def _bounded(text: str) -> tuple[str, int]:
    """``text`` without the notes of WebVTT, with lines and cues of bearable length; how much had to be cut."""
    vtt = text.lstrip().startswith("WEBVTT")
    kept = ["WEBVTT", ""] if vtt else []
    cut = since = 0
    in_cue = not vtt
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if _ARROW.search(line):
            since, in_cue = 0, True
            if vtt:
                kept.append("")
                line = _full_times(line)  # noqa: PLW2901
        elif vtt and not line.strip():
            in_cue = False
        since += 1
        if not in_cue:
            continue
        if since > MOST_LINES or len(line) > LONGEST_LINE:
            cut += 1
        if since <= MOST_LINES:
            kept.append(line[:LONGEST_LINE])
    return "\n".join(kept), cut


def _full_times(line: str) -> str:
    """A WebVTT time line without its settings; some writers put a comma before the milliseconds, as SRT does."""
    return " ".join(line.split()[:3]).replace(",", ".")


def _plain(line: str) -> str:
    return html.unescape(_TAG.sub("", line)).replace("\N{ZERO WIDTH SPACE}", "").replace("\N{NO-BREAK SPACE}", " ")


def _timed(lines: Sequence[tuple[int, int, str]]) -> tuple[Iterator[tuple[int, int, str]], int]:
    """``lines`` with ends that can be, and how many had others.

    A line that ends before it starts, or that outlasts a minute and the next line's start, ends where the next begins,
    at the latest after the time it takes to read it.
    """
    odd = 0
    fixed: list[tuple[int, int, str]] = []
    following: int | None = None
    for start, end, words in reversed(lines):
        begin = max(start, 0)
        until = end
        if end <= begin or (end - begin > LONGEST_MS and (following is None or end > following)):
            read = begin + min(10_000, 1_000 + 80 * len(words))
            until = min(read, following) if following is not None and following > begin else read
        odd += (begin, until) != (start, end)
        fixed.append((begin, until, words))
        following = begin
    return reversed(fixed), odd
