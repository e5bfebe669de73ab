from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cue_text import LONGEST_TEXT, MOST_CUES, Track, decoded, read_track

SRT = """1
00:00:01,000 --> 00:00:03,500
{text}

2
00:00:04,001 --> 00:00:05,999
second
"""


def srt(*lines: tuple[str, str, str]) -> bytes:
    blocks = (f"{number}\n{start} --> {end}\n{text}\n" for number, (start, end, text) in enumerate(lines, 1))
    return "\n".join(blocks).encode()


def words(track: Track) -> list[str]:
    return [text for _, _, text in track.lines]


def test_times_are_true_to_the_millisecond() -> None:
    track = read_track(SRT.format(text="first").encode(), None)
    assert track.lines == ((1_000, 3_500, "first"), (4_001, 5_999, "second"))
    assert track.odd_times == track.cut == 0


@pytest.mark.parametrize(
    ("text", "encoding", "language"),
    [
        ("naïve café", "utf-8", None),
        ("naïve café", "utf-8-sig", None),
        ("naïve café", "utf-16", None),
        ("naïve café", "utf-16-le", None),
        ("naïve café", "utf-16-be", None),
        ("naïve café", "utf-32", None),
        ("naïve café, déjà vu à la garçonnière", "cp1252", "fr"),
        ("链式法则说明了什么", "utf-8", "zh"),
        ("链式法则说明了什么", "gb18030", "zh"),
        ("鏈式法則說明了什麼", "big5", "zh-TW"),
        ("역전파는 연쇄 법칙입니다", "cp949", "ko"),
        ("連鎖律とは何ですか", "cp932", "ja"),
        ("правило цепочки", "cp1251", "ru"),
    ],
)
def test_any_encoding_is_read(text: str, encoding: str, language: str | None) -> None:
    assert words(read_track(SRT.format(text=text).encode(encoding), language))[0] == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("链式法则说明了梯度怎样从输出层一层一层地传回输入层，这就是反向传播。", "gb18030"),
        ("鏈式法則說明了梯度怎樣從輸出層一層一層地傳回輸入層，這就是反向傳播。", "big5"),
        ("역전파는 출력층에서 입력층으로 기울기를 전달하는 연쇄 법칙입니다.", "cp949"),
        ("連鎖律は、勾配が出力層から入力層へどのように伝わるのかを説明しています。", "cp932"),
        ("Правило цепочки объясняет, как градиент передаётся назад по слоям.", "cp1251"),
        ("Правило цепочки объясняет, как градиент передаётся назад по слоям.", "koi8_r"),
        ("Ο κανόνας της αλυσίδας εξηγεί πώς η κλίση περνά προς τα πίσω.", "cp1253"),
        ("La règle de dérivation en chaîne, c'est déjà ça. Où ça ? À côté !", "cp1252"),
        ("¿Cómo se transmite el gradiente hacia atrás? ¡Así, señor!", "latin-1"),
    ],
)
def test_an_encoding_is_guessed_where_no_language_is_named(text: str, encoding: str) -> None:
    assert words(read_track(SRT.format(text=text).encode(encoding), None))[0] == text


def test_one_bad_byte_spoils_no_more_than_its_character() -> None:
    content = SRT.format(text="ein schöner Satz über Gärten und Bäume").encode().replace(b"sch", b"s\xffch", 1)
    assert words(read_track(content, None))[0] == "ein s\ufffdchöner Satz über Gärten und Bäume"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<i>so</i> <font color='#fff'>bright</font>", "so bright"),
        (r"{\an8}at the top", "at the top"),
        ("♪ la la la ♪", "♪ la la la ♪"),
        ("- Yes?\n- No!", "- Yes? - No!"),
        ("a &lt; b &amp; c", "a < b & c"),
        ("if x < y and y > z", "if x < y and y > z"),
    ],
)
def test_markup_goes_and_words_stay(text: str, shown: str) -> None:
    assert words(read_track(SRT.format(text=text).encode(), None))[0] == shown


@pytest.mark.parametrize(
    ("start", "end", "repaired"),
    [
        ("00:00:10,000", "99:59:59,999", (10_000, 20_000)),
        ("00:00:10,000", "00:00:08,000", (10_000, 11_400)),
        ("00:00:10,000", "00:00:10,000", (10_000, 11_400)),
    ],
)
def test_nonsense_ends_are_set_right_and_counted(start: str, end: str, repaired: tuple[int, int]) -> None:
    text = "hello" if end < "99" else "x" * 200
    track = read_track(srt((start, end, text), ("00:00:30,000", "00:00:31,000", "later")), None)
    assert track.lines[0][:2] == repaired
    assert track.odd_times == 1


def test_a_last_cue_that_ends_at_zero_is_kept() -> None:
    track = read_track(srt(("00:00:01,000", "00:00:02,000", "one"), ("00:59:25,044", "00:00:00,000", "the end")), None)
    assert track.lines[-1] == (3_565_044, 3_566_604, "the end")
    assert track.odd_times == 1


def test_overlapping_speakers_keep_their_times() -> None:
    both = srt(("00:00:01,000", "00:00:05,000", "one"), ("00:00:02,000", "00:00:04,000", "other"))
    assert read_track(both, None).lines == ((1_000, 5_000, "one"), (2_000, 4_000, "other"))


def test_cues_out_of_order_are_put_in_order() -> None:
    track = read_track(srt(("00:00:09,000", "00:00:10,000", "late"), ("00:00:01,000", "00:00:02,000", "early")), None)
    assert words(track) == ["early", "late"]


def test_webvtt_is_read_without_its_notes_styles_and_settings() -> None:
    content = (
        "WEBVTT - a title\nLanguage: en\n\nNOTE not spoken\nat all\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.000 --> 00:02.500 align:start position:0%\n<v Ada>Hello <c.loud>there</c>\n\n"
        "NOTE neither\n\noutro\n01:00:00.000 --> 01:00:01.000\nbye\n"
    )
    assert read_track(content.encode(), None).lines == ((1_000, 2_500, "Hello there"), (3_600_000, 3_601_000, "bye"))


def test_rolling_captions_say_every_line_once() -> None:
    content = (
        "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nso<00:00:01.500><c> the</c><00:00:02.000><c> chain</c>\n\n"
        "00:00:03.000 --> 00:00:03.010\nso the chain\n\n"
        "00:00:03.010 --> 00:00:05.000\nso the chain\nrule<00:00:04.000><c> says</c>\n"
    )
    assert words(read_track(content.encode(), None)) == ["so the chain", "rule says"]


def test_carriage_returns_end_lines() -> None:
    for ending in ("\r\n", "\r"):
        content = SRT.format(text="first").replace("\n", ending).encode()
        assert words(read_track(content, None)) == ["first", "second"]


def test_more_cues_than_any_recording_has_are_cut_and_counted() -> None:
    content = srt(*(("00:00:01,000", "00:00:02,000", "x") for _ in range(MOST_CUES + 7)))
    track = read_track(content, None)
    assert (len(track.lines), track.cut) == (MOST_CUES, 7)


def test_a_cue_as_long_as_a_book_is_cut() -> None:
    track = read_track(SRT.format(text="word " * 3_000).encode(), None)
    assert len(track.lines[0][2]) <= LONGEST_TEXT
    assert track.cut


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\n" * 2_000_000,
        b"<a" * 1_000_000,
        b"1\n00:00:01,000 --> 00:00:02,000\n" + b"\n 7" * 600_000,
        b"00:00:01,000 --> 00:00:02,000 " * 60_000,
        bytes(range(256)) * 8_000,
        b"<" + b" " * 2_000_000,
        b"{\\" * 1_000_000,
    ],
    ids=["lines", "tags", "numbers", "arrows", "bytes", "spaces", "braces"],
)
def test_two_megabytes_of_nonsense_end_soon(nonsense: bytes) -> None:
    began = time.process_time()
    read_track(nonsense, None)
    read_track(SRT.encode() + nonsense, None)
    assert time.process_time() - began < 10


@given(st.binary(max_size=400))
def test_any_bytes_give_a_track(content: bytes) -> None:
    track = read_track(SRT.encode() + content, None)
    assert all(0 <= start < end for start, end, _ in track.lines)


@given(st.text(max_size=200))
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    if "\0" not in text and not text.startswith("\ufeff"):
        assert decoded(text.encode(), "ko") == text
