"""Subtitle files brought to the real service: a lecture that is uploaded finds its words like one indexed from disk."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.acceptance.product import Videoqa
from tests.acceptance.service import Service, until
from tests.clips import Clip, steady

QUESTION = "when does she compare the chain rule with gear wheels"
ENGLISH = """1
00:00:01,000 --> 00:00:04,000
Now think of the chain rule as of gear wheels, each of which turns the next.
"""
GERMAN = "WEBVTT\n\n00:01.000 --> 00:04.000\nDie Kettenregel ist wie Zahnräder.\n"


@pytest.fixture
def lecture(tmp_path: Path) -> Path:
    return Clip("lecture.mp4", steady(6, rate=5)).write(tmp_path)


def asked(client: httpx2.Client, question: str = QUESTION) -> list[str]:
    """What bears the answer out."""
    answer = client.post("/v1/ask", json={"question": question}).raise_for_status().json()
    return [moment["text"] for moment in answer["moments"]] if answer["found"] else []


def indexed(client: httpx2.Client, recording_id: str) -> None:
    client.get(f"/v1/recordings/{recording_id}/progress").raise_for_status()
    told = client.get(f"/v1/recordings/{recording_id}").json()
    assert told["state"] == "indexed", told


def test_the_words_of_an_uploaded_lecture_are_found(service: Service, lecture: Path) -> None:
    with service.client() as client:
        files = [("subtitles", ("lecture.en.srt", ENGLISH)), ("file", ("lecture.mp4", lecture.read_bytes()))]
        recording_id = client.post("/v1/recordings", files=files).raise_for_status().json()["id"]
        indexed(client, recording_id)
        assert "gear wheels" in asked(client)[0]
        place = f"/v1/recordings/{recording_id}"
        client.put(f"{place}/subtitles/lecture.de.vtt", content=GERMAN.encode("latin-1")).raise_for_status()
        indexed(client, recording_id)
        assert "Zahnräder" in client.get(f"{place}/captions.vtt").text
        service.restart()
        client.delete(f"{place}/subtitles/lecture.en.srt").raise_for_status()
        indexed(client, recording_id)
        captions = client.get(f"{place}/captions.vtt").text
        assert "Zahnräder" in captions
        assert "gear wheels" not in captions
        client.delete(place).raise_for_status()
        until(lambda: not list((service.data / "subtitles").glob("[!.]*")))


def test_what_lies_beside_a_file_that_was_uploaded_before_is_read(
    service: Service, lecture: Path, videoqa: Videoqa
) -> None:
    with service.client() as client:
        answer = client.post("/v1/recordings", files={"file": ("lecture.mp4", lecture.read_bytes())})
        recording_id = answer.raise_for_status().json()["id"]
        indexed(client, recording_id)
        assert not [text for text in asked(client) if "gear wheels" in text]
        lecture.with_suffix(".en.srt").write_text(ENGLISH)
        ran = videoqa("index", lecture)
        assert ran.code == 0, ran.err
        assert "gear wheels" in asked(client)[0]
        listed = client.get(f"/v1/recordings/{recording_id}/subtitles").json()["items"]
        assert [each["name"] for each in listed] == ["lecture.en.srt"]
