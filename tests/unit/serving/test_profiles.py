"""A profile fits the GPU it is for, by the formula."""

from __future__ import annotations

import pytest

from videoqa.serving.models import GIB, NATIVE_CONTEXT, shape_of
from videoqa.serving.profiles import TIERS, Profile, Room, Tier, laid_out, tier_of

SOLD_AS = {16: 15.99, 24: 22.49, 48: 44.99, 80: 79.6, 141: 140.4}
"""GiB that the driver shows of an RTX 4080, an L4, an L40S, an H100 and an H200."""


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: f"{tier.label} GB")
@pytest.mark.parametrize("profile", Profile)
def test_every_profile_of_every_tier_fits(tier: Tier, profile: Profile) -> None:
    layout = laid_out(None, Room(tier.memory), profile)
    assert layout.note == ""
    assert layout.needs is not None
    assert layout.utilization is not None
    assert layout.needs <= layout.utilization * tier.memory


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: f"{tier.label} GB")
def test_what_the_table_of_tiers_says_is_what_is_served(tier: Tier) -> None:
    layout = laid_out(None, Room(tier.memory))
    assert (layout.model, layout.context, layout.video_tokens) == (tier.model, tier.context, tier.video_tokens)
    assert layout.kv_fp8 == tier.kv_fp8


@pytest.mark.parametrize(("label", "memory"), SOLD_AS.items())
def test_a_gpu_is_known_by_the_memory_its_driver_shows(label: int, memory: float) -> None:
    assert tier_of(int(memory * GIB)).label == label


def test_a_gpu_smaller_than_all_gets_the_smallest_tier() -> None:
    assert tier_of(8 * GIB).label == 16


def test_a_model_that_is_too_large_in_16_bit_is_served_by_its_fp8_twin() -> None:
    assert laid_out("Qwen/Qwen3-VL-8B-Instruct", Room(22 * GIB)).model == "Qwen/Qwen3-VL-8B-Instruct-FP8"
    assert laid_out("Qwen/Qwen3-VL-8B-Instruct", Room(79 * GIB)).model == "Qwen/Qwen3-VL-8B-Instruct"


def test_context_is_what_weights_and_pictures_leave() -> None:
    room = Room(44 * GIB)
    layout = laid_out("Qwen/Qwen3-VL-30B-A3B-Instruct", room)
    shape = shape_of(layout.model)
    assert shape is not None
    assert layout.context is not None
    assert layout.needs is not None
    one_more = 1024 * shape.kv_per_token(fp8=layout.kv_fp8)
    assert layout.needs <= room.usable < layout.needs + one_more


def test_large_videos_are_given_up_before_context_is() -> None:
    layout = laid_out("Qwen/Qwen3-VL-32B-Instruct", Room(44 * GIB))
    assert layout.context is not None
    assert layout.context >= 32_768
    assert layout.video_tokens < 65_536


def test_a_model_that_does_not_fit_at_all_says_so() -> None:
    assert "may not fit into 20.2 GiB" in laid_out("Qwen/Qwen3-VL-32B-Instruct", Room(22 * GIB)).note


def test_two_gpus_hold_what_one_does_not() -> None:
    assert laid_out("Qwen/Qwen3-VL-32B-Instruct", Room(44 * GIB, gpus=2)).note == ""


def test_low_memory_leaves_the_rest_of_the_gpu_to_others() -> None:
    layout = laid_out(None, Room(79 * GIB), Profile.LOW_MEMORY)
    assert layout.utilization is not None
    assert layout.utilization < 0.2
    assert layout.eager


def test_long_gives_all_to_the_context() -> None:
    assert laid_out(None, Room(44 * GIB), Profile.LONG).context == NATIVE_CONTEXT
    longest, usual = (laid_out(None, Room(22 * GIB), profile) for profile in (Profile.LONG, Profile.AUTO))
    assert longest.context is not None
    assert usual.context is not None
    assert longest.context > usual.context


def test_a_gpu_that_does_not_compute_in_fp8_keeps_its_cache_in_16_bit() -> None:
    for profile in Profile:
        assert not laid_out(None, Room(79 * GIB, knows_fp8=False), profile).kv_fp8


def test_a_model_without_a_twin_is_quantised_at_its_start() -> None:
    assert laid_out("my/finetune", Room(22 * GIB), Profile.FP8).quantise
    assert not laid_out("Qwen/Qwen3-VL-8B-Instruct", Room(22 * GIB), Profile.FP8).quantise


def test_without_a_gpu_a_small_model_runs_on_the_processor() -> None:
    layout = laid_out(None, None)
    assert layout.utilization is None
    assert layout.eager
    assert "2B" in layout.model
