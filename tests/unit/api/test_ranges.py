"""Which bytes a request is for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from api.ranges import Slice, Version, not_modified, wanted
from videoqa.errors import NoSuchRange, StaleCopy

VERSION = Version('"v1"', datetime(2026, 5, 9, 12, 0, 0, 500_000, UTC))
DATE, BEFORE, AFTER = (f"Sat, 09 May 2026 {clock} GMT" for clock in ("12:00:00", "11:59:59", "12:00:01"))


def ranges(text: str, size: int = 100, **more: str) -> list[tuple[int, int]]:
    headers = Headers({"range": text, **{name.replace("_", "-"): value for name, value in more.items()}})
    return [(each.start, each.end) for each in wanted(headers, size, VERSION)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=10-19", [(10, 20)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=90-1000", [(90, 100)]),
        ("bytes=-1", [(99, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("Bytes = 1-2 , 4-5", [(1, 3), (4, 6)]),
        ("bytes=50-59,0-9", [(50, 60), (0, 10)]),
        ("bytes=0-50,20-70", [(0, 71)]),
        ("bytes=5-9,200-300,", [(5, 10)]),
        ("bytes=-0,1-1", [(1, 2)]),
    ],
)
def test_a_range_is_what_the_standard_says(text: str, found: list[tuple[int, int]]) -> None:
    assert ranges(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=a-b",
        "bytes=5",
        "bytes=-",
        "bytes=9-1",
        "bytes=1-2,x",
        "bytes=0x1-0x2",
        "bytes=+1-2",
        "bytes=1--2",
        "lines=1-2",
        "bytes=" + "9" * 5000 + "-",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(50)),
        "bytes=1-²",
    ],
)
def test_what_is_no_range_is_left_out_of_account(text: str) -> None:
    assert ranges(text) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("bytes=100-", 100), ("bytes=100-200,300-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-5", 0)],
)
def test_a_range_behind_the_end_is_told(text: str, size: int) -> None:
    with pytest.raises(NoSuchRange):
        ranges(text, size)


@pytest.mark.parametrize(
    ("condition", "still"),
    [('"v1"', True), ('"v2"', False), ('W/"v1"', False), (DATE, True), (BEFORE, False), ("x", False)],
)
def test_a_range_of_another_version_is_the_whole(condition: str, still: bool) -> None:
    assert ranges("bytes=1-2", if_range=condition) == ([(1, 3)] if still else [])


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({}, False),
        ({"if-none-match": '"v1"'}, True),
        ({"if-none-match": 'W/"v1"'}, True),
        ({"if-none-match": '"v0", "v1"'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"v0"'}, False),
        ({"if-none-match": '"v0"', "if-modified-since": AFTER}, False),
        ({"if-modified-since": DATE}, True),
        ({"if-modified-since": BEFORE}, False),
        ({"if-modified-since": "yesterday"}, False),
        ({"if-match": '"v1"'}, False),
        ({"if-unmodified-since": DATE}, False),
    ],
)
def test_what_somebody_has_is_not_sent_again(headers: dict[str, str], same: bool) -> None:
    assert not_modified(Headers(headers), VERSION) is same


@pytest.mark.parametrize("headers", [{"if-match": '"v2"'}, {"if-match": 'W/"v1"'}, {"if-unmodified-since": BEFORE}])
def test_a_request_about_another_version_is_told(headers: dict[str, str]) -> None:
    with pytest.raises(StaleCopy):
        not_modified(Headers(headers), VERSION)


@given(st.text(alphabet="bytes=0123456789-, ", max_size=40), st.integers(0, 50))
def test_whatever_is_asked_lies_in_the_file_and_no_byte_twice(text: str, size: int) -> None:
    try:
        slices = wanted(Headers({"range": text.encode("latin-1", "ignore").decode("latin-1")}), size, VERSION)
    except NoSuchRange:
        return
    seen = [place for each in slices for place in range(each.start, each.end)]
    assert len(seen) == len(set(seen))
    assert all(0 <= place < size for place in seen)
    assert all(isinstance(each, Slice) and each.length for each in slices)
