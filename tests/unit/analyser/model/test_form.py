"""What is sent of an ask, in both forms."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import cv2
import numpy as np
import pytest

from videoqa.analyser.model.exchange import Ask, Capabilities, Clip, Priority
from videoqa.analyser.model.form import THINKING_TOKENS, Form, stamps
from videoqa.analyser.model.picture import size_of

SIZE = (64, 32)
VLLM = Capabilities("m", 32_768, request_kwargs=True, video=True, priority=True, tokenizer=True, thinking=False)
PLAIN = replace(VLLM, request_kwargs=False, priority=False)


def at(*seconds: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=second) for second in seconds)


def frame(pts: timedelta, size: tuple[int, int] = SIZE) -> bytes:
    shade = int(pts.total_seconds() * 7) % 256
    return cv2.imencode(".jpg", np.full((size[1], size[0], 3), shade, np.uint8))[1].tobytes()


def clip(*pairs: tuple[float, float], jpegs: Callable[[timedelta], bytes] = frame) -> Clip:
    return Clip(tuple((first, second) for first, second in (at(*pair) for pair in pairs)), jpegs, SIZE)


def sent(ask: Ask, can: Capabilities = VLLM, **how: bool) -> dict[str, Any]:
    return dict(json.loads(Form(ask, can).written(**how)))


GAPPED = clip((0.0, 1.04), (1.5, 1.5), (61.234, 61.234))


def test_a_video_carries_the_true_time_of_every_frame_in_milliseconds() -> None:
    body = sent(Ask("s", "q", GAPPED))

    assert body["media_io_kwargs"] == {
        "video": {
            "num_frames": -1,
            "fps": 1000,
            "frames_indices": [0, 1040, 1500, 1500, 61234, 61234],
            "total_num_frames": 61235,
        }
    }
    assert body["mm_processor_kwargs"] == {"videos_kwargs": {"do_resize": False}}


def test_a_frame_that_is_its_own_partner_is_sent_twice() -> None:
    content = sent(Ask("s", "q", GAPPED))["messages"][1]["content"]

    frames = content[0]["video_url"]["url"].removeprefix("data:video/jpeg;base64,").split(",")

    assert len(frames) == 6
    assert frames[2] == frames[3]
    assert base64.b64decode(frames[1]) == frame(timedelta(seconds=1.04))


def test_the_picture_comes_before_the_question_and_earlier_turns_after_both() -> None:
    body = sent(Ask("s", "q", GAPPED, history=(("a reply", "what was wrong with it"),)))

    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]
    assert [part["type"] for part in body["messages"][1]["content"]] == ["video_url", "text"]
    assert [message["content"] for message in body["messages"][2:]] == ["a reply", "what was wrong with it"]


def test_two_questions_over_one_clip_are_the_same_bytes_up_to_the_question() -> None:
    one = Form(Ask("s", "was it red?", GAPPED, schema={"type": "object"}), VLLM).written()
    other = Form(Ask("s", "who was it?", clip((0.0, 1.04), (1.5, 1.5), (61.234, 61.234))), VLLM).written()

    end = one.index(b"was it red?")

    assert end > 1000
    assert one[:end] == other[:end]


def test_the_same_frames_at_other_times_are_other_media() -> None:
    fixed = frame(timedelta(0))
    one, same, other = (
        Form(Ask("s", "q", clip(pair, jpegs=lambda _: fixed)), VLLM).media_id for pair in ((1, 2), (1, 2), (1, 3))
    )

    assert one == same != other


def test_without_frames_the_server_is_given_the_id_alone() -> None:
    form = Form(Ask("s", "q", GAPPED), VLLM)

    video = json.loads(form.written(with_frames=False))["messages"][1]["content"][0]

    assert video == {"type": "video_url", "video_url": None, "uuid": form.media_id}


def test_a_server_that_refuses_kwargs_is_sent_images_each_under_the_stamp_of_its_pair() -> None:
    body = sent(Ask("s", "q", GAPPED), PLAIN)

    parts = [part.get("text", "picture") for part in body["messages"][1]["content"]]

    assert parts == [
        "<0.5 seconds>",
        "picture",
        "picture",
        "<1.5 seconds>",
        "picture",
        "<61.2 seconds>",
        "picture",
        "q",
    ]
    assert not {"media_io_kwargs", "mm_processor_kwargs", "priority"} & set(body)
    assert b"uuid" not in Form(Ask("s", "q", GAPPED), PLAIN).written()


def test_a_stamp_is_the_mean_of_its_pair_with_one_decimal() -> None:
    assert stamps(clip((0, 1), (2, 2), (60.04, 61), (3600.05, 3600.05))) == (0.5, 2.0, 60.5, 3600.1)


def test_frames_of_another_size_are_made_to_fit() -> None:
    odd = clip((1.0, 2.0), jpegs=lambda pts: frame(pts, (70, 40) if pts.total_seconds() == 2 else SIZE))

    url = sent(Ask("s", "q", odd))["messages"][1]["content"][0]["video_url"]["url"]

    assert [size_of(base64.b64decode(part)) for part in url.partition(",")[2].split(",")] == [SIZE, SIZE]


def test_a_question_without_a_clip_has_no_media() -> None:
    body = sent(Ask("s", "q", temperature=0.7))

    assert body["messages"][1]["content"] == [{"type": "text", "text": "q"}]
    assert "media_io_kwargs" not in body
    assert body["temperature"] == 0.7


def test_the_schema_bounds_the_reply_under_its_name() -> None:
    body = sent(Ask("s", "q", schema={"type": "object"}, schema_name="events"))

    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "events", "schema": {"type": "object"}},
    }


@pytest.mark.parametrize(("thinking", "tokens"), [(False, 100), (True, 100 + THINKING_TOKENS)])
def test_a_thinking_model_gets_room_to_think(thinking: bool, tokens: int) -> None:
    assert sent(Ask("s", "q", max_tokens=100), replace(VLLM, thinking=thinking))["max_tokens"] == tokens


def test_priority_is_sent_where_it_is_accepted() -> None:
    assert sent(Ask("s", "q", priority=Priority.INTERACTIVE))["priority"] == 5


@pytest.mark.parametrize("size", [(64, 33), (0, 32), (16, 16)])
def test_a_size_off_the_grid_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        Clip((at(0, 1),), frame, size)  # type: ignore[arg-type]


def test_frames_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="follow one another"):
        clip((5, 6), (1, 2))
