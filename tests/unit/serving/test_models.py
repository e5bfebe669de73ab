"""The memory of a model follows from its shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from videoqa.serving.models import GIB, Kind, fp8_twin, shape_of

BILLION = 10**9


@pytest.mark.parametrize(
    ("model", "parameters"),
    [("2B", 2.128), ("4B", 4.438), ("8B", 8.767), ("32B", 33.357), ("30B-A3B", 31.071), ("235B-A22B", 235.670)],
)
def test_the_parameters_are_those_of_the_models_as_transformers_builds_them(model: str, parameters: float) -> None:
    shape = shape_of(f"Qwen/Qwen3-VL-{model}-Instruct")
    assert shape is not None
    assert (shape.linear + shape.others) / BILLION == pytest.approx(parameters, abs=0.001)
    assert shape.weights == 2 * (shape.linear + shape.others)


def test_eight_billion_in_fp8_weigh_what_their_files_do() -> None:
    shape = shape_of("Qwen/Qwen3-VL-8B-Instruct-FP8")
    assert shape is not None
    assert shape.weights / BILLION == pytest.approx(10.6, abs=0.1)


def test_a_token_of_context_takes_two_numbers_for_each_layer_head_and_dimension() -> None:
    shape = shape_of("Qwen/Qwen3-VL-8B-Thinking")
    assert shape is not None
    assert shape.kv_per_token(fp8=False) == 2 * 36 * 8 * 128 * 2
    assert shape.kv_per_token(fp8=True) * 2**18 == 18 * GIB


def test_a_video_costs_in_proportion_to_its_tokens() -> None:
    shape = shape_of("Qwen/Qwen3-VL-4B-Instruct")
    assert shape is not None
    assert shape.pictures(131_072) == 8 * shape.pictures(16_384)


def test_embedding_models_are_known_by_the_model_they_are_made_from() -> None:
    embedding, instruct = shape_of("Qwen/Qwen3-VL-Embedding-2B"), shape_of("Qwen/Qwen3-VL-2B-Instruct")
    assert embedding == instruct


@pytest.mark.parametrize("model", ["some/model", "Qwen/Qwen3-VL-7B-Instruct", "Qwen/Qwen2-VL-7B", "/no/such/folder"])
def test_what_is_not_known_is_said_not_to_be(model: str) -> None:
    assert shape_of(model) is None


def test_a_checkpoint_of_ones_own_weighs_what_its_files_do(tmp_path: Path) -> None:
    text = {
        "num_hidden_layers": 2,
        "hidden_size": 64,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
    }
    config = {
        "text_config": text | {"max_position_embeddings": 4096},
        "vision_config": {"hidden_size": 64, "intermediate_size": 128},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model-1.safetensors").write_bytes(bytes(1000))
    (tmp_path / "model-2.safetensors").write_bytes(bytes(234))
    shape = shape_of(str(tmp_path))
    assert shape is not None
    assert (shape.weights, shape.context, shape.kv_per_token(fp8=False)) == (1234, 4096, 2 * 2 * 2 * 32 * 2)


def test_a_folder_that_is_no_model_is_just_not_known(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('["what"]')
    assert shape_of(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("model", "twin"),
    [
        ("Qwen/Qwen3-VL-8B-Instruct", "Qwen/Qwen3-VL-8B-Instruct-FP8"),
        ("Qwen/Qwen3-VL-8B-Thinking-FP8", "Qwen/Qwen3-VL-8B-Thinking-FP8"),
        ("Qwen/Qwen3-VL-Embedding-8B", None),
        ("some/model", None),
    ],
)
def test_the_fp8_twin_has_fp8_behind_its_name(model: str, twin: str | None) -> None:
    assert fp8_twin(model) == twin


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("Qwen/Qwen3-VL-8B-Instruct", Kind.INSTRUCT),
        ("/models/embedding/Qwen3-VL-8B-Thinking-FP8/", Kind.THINKING),
        ("Qwen/Qwen3-VL-Embedding-2B", Kind.EMBEDDING),
        ("mine", Kind.INSTRUCT),
    ],
)
def test_the_kind_is_told_by_the_last_part_of_the_name(model: str, kind: Kind) -> None:
    assert Kind.of(model) is kind
