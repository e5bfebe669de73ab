"""The model that a request names is found in its bytes as any reader of JSON would find it."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoqa.serving.asked import AskedInForm, AskedModel

TEXT = st.text(max_size=12) | st.sampled_from(["model", '"model"', "\\", '\\"', '{"model":"x"}', "é", "模型"])
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


def _asked(body: bytes, piece: int) -> str | None:
    asked = AskedModel()
    for at in range(0, len(body), piece):
        if asked.feed(body[at : at + piece]):
            break
    return asked.name


@given(
    members=st.dictionaries(TEXT, VALUE, max_size=4),
    name=TEXT,
    at=st.integers(0, 4),
    piece=st.integers(1, 30),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
def test_it_is_found_wherever_it_stands_and_however_the_bytes_come(
    *, members: dict[str, Any], name: str, at: int, piece: int, ascii_only: bool, indent: int | None
) -> None:
    members.pop("model", None)
    pairs = list(members.items())
    body = json.dumps(dict([*pairs[:at], ("model", name), *pairs[at:]]), ensure_ascii=ascii_only, indent=indent)
    assert _asked(body.encode(), piece) == name


@given(members=st.dictionaries(TEXT, VALUE, max_size=4), piece=st.integers(1, 30))
def test_none_is_found_where_none_is_named(members: dict[str, Any], piece: int) -> None:
    members.pop("model", None)
    assert _asked(json.dumps(members).encode(), piece) is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'["model","x"]', b'{"model":', b'{"model":null}', b"}}}", b'"model"', b"\xff"]
)
def test_what_is_no_request_names_none(body: bytes) -> None:
    assert _asked(body, 3) is None


def test_it_stops_reading_once_the_name_is_there() -> None:
    asked = AskedModel()
    assert asked.feed(b'{"model":"eye","messages":[')
    assert asked.name == "eye"


def test_megabytes_of_pictures_before_the_name_are_passed_over_quickly() -> None:
    body = json.dumps({"messages": ["A" * 50_000_000], "model": "eye"}).encode()
    began = time.process_time()
    assert _asked(body, 65_536) == "eye"
    assert time.process_time() - began < 0.5


@given(speech=st.binary(max_size=200), piece=st.integers(1, 60), first=st.booleans())
def test_a_form_names_it_in_a_field(speech: bytes, piece: int, first: bool) -> None:
    names = {"model": (None, "ear"), "language": (None, "en")}
    sound = {"file": ("model.wav", speech, "audio/wav")}
    body = httpx2.Request("POST", "http://x", files=names | sound if first else sound | names).read()
    asked = AskedInForm()
    for at in range(0, len(body), piece):
        if asked.feed(body[at : at + piece]):
            break
    assert asked.name == "ear"
