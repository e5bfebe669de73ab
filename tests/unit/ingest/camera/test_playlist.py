from __future__ import annotations

import time

import pytest

from ingest.camera.feed import CannotOpen
from ingest.camera.playlist import Segment, read

LIVE = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:41
#EXT-X-MAP:URI="head.mp4",BYTERANGE-FREE="A,B=C"
#EXTINF:2.0,with, commas
a.m4s

#EXTINF:1.5,
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-05-09T22:41:40Z
b.m4s?x=1
"""


def test_segments_are_numbered_from_where_the_playlist_begins() -> None:
    playlist = read(LIVE)
    assert playlist.segments == (
        Segment(41, "a.m4s", 2.0, "head.mp4"),
        Segment(42, "b.m4s?x=1", 1.5, "head.mp4", apart=True),
    )
    assert (playlist.target, playlist.ended, playlist.best) == (2.0, False, "")
    assert read(LIVE + "#EXT-X-ENDLIST\n").ended


def test_of_several_streams_the_best_is_taken() -> None:
    text = (
        '#EXTM3U\r\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="sound.m3u8"\r\n'
        "#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=1,BANDWIDTH=800000,RESOLUTION=640x360\r\nlow.m3u8\r\n"
        '#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=9,BANDWIDTH=2500000,CODECS="avc1.4d401f,mp4a.40.2"\r\nhigh.m3u8\r\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=x\r\nodd.m3u8\r\n"
    )
    assert read(text).best == "high.m3u8"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no HLS playlist"),
        ("<html>", "no HLS playlist"),
        ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", "names no stream"),
        ('#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:1,\na', "encrypted"),
        ("#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:10@0\na", "byte ranges"),
        ("#EXTM3U\n#EXTINF:long,\na", "numbers"),
        ("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:" + "9" * 5000, "numbers"),
        ("#EXTM3U\n" + "a\n" * 6_000, "longer than any"),
        ("#EXTM3U\n" + "#EXTINF:1\n" * 100_000, "longer than any"),
        ("#EXTM3U\n" + "\n" * 2**20, "longer than any"),
    ],
)
def test_what_is_no_stream_that_is_read_says_why(text: str, problem: str) -> None:
    with pytest.raises(CannotOpen, match=problem):
        read(text)


@pytest.mark.parametrize("duration", ["nan", "inf", "-1", "1e300"])
def test_the_time_between_two_looks_stays_within_reason(duration: str) -> None:
    assert 0.2 <= read(f"#EXTM3U\n#EXT-X-TARGETDURATION:{duration}\n").target <= 60


@pytest.mark.parametrize("line", ["#EXTINF:1", '#EXT-X-MAP:URI="a"', "#EXT-X-KEY:METHOD=NONE", "#" + "A" * 50])
def test_the_longest_of_playlists_is_read_in_no_time(line: str) -> None:
    began = time.thread_time()
    assert read("#EXTM3U\n" + f"{line}\n" * 19_990 + "a").segments[0].address == "a"
    assert time.thread_time() - began < 2


def test_a_line_made_to_take_for_ever_does_not() -> None:
    began = time.process_time()
    read("#EXTM3U\n#EXT-X-MAP:" + "A" * 2**20)
    assert time.process_time() - began < 2
