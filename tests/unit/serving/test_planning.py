"""Models share the GPUs there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from videoqa.errors import BadSetting
from videoqa.serving.command import Lora, command, flag
from videoqa.serving.gpus import Gpu
from videoqa.serving.models import GIB
from videoqa.serving.planning import planned, visible
from videoqa.serving.profiles import Profile
from videoqa.serving.tables import memory_table, profile_table

INSTRUCT, THINKING = "Qwen/Qwen3-VL-8B-Instruct", "Qwen/Qwen3-VL-8B-Thinking"
EMBEDDING = "Qwen/Qwen3-VL-Embedding-2B"


def _gpus(number: int, memory: int = 80) -> tuple[Gpu, ...]:
    return tuple(Gpu(index, "GPU", memory * GIB, 0, 40, 0.0, (9, 0)) for index in range(number))


def test_models_on_one_gpu_share_its_memory() -> None:
    served = planned([f"a={INSTRUCT}", f"b={THINKING}", EMBEDDING], Profile.AUTO, (), (), _gpus(1))
    shares = [one.layout.utilization or 0 for one in served]
    assert sum(shares) <= 0.92
    assert shares[0] == shares[1] > shares[2] > 0
    assert not any(one.layout.note for one in served)


def test_each_model_gets_a_gpu_of_its_own_where_there_are_enough() -> None:
    served = planned([INSTRUCT, EMBEDDING], Profile.AUTO, (), (), _gpus(2))
    assert [one.devices for one in served] == [(0,), (1,)]
    assert ("CUDA_VISIBLE_DEVICES", "1") in command(served[1], "p", 1).environment


def test_a_model_takes_as_many_gpus_as_it_needs() -> None:
    (served,) = planned(["Qwen/Qwen3-VL-32B-Instruct"], Profile.AUTO, (), (), _gpus(4, memory=24))
    assert flag(command(served, "p", 1).arguments, "--tensor-parallel-size") == "2"


def test_gpus_that_are_left_over_are_told_of() -> None:
    (served,) = planned([], Profile.AUTO, (), (), _gpus(4))
    assert "--data-parallel-size 4" in served.layout.note


def test_a_model_answers_to_its_given_name_its_own_and_its_twins() -> None:
    (served,) = planned([f"eye={INSTRUCT}"], Profile.FP8, (), (), _gpus(1))
    assert served.names == ("eye", INSTRUCT, f"{INSTRUCT}-FP8")


def test_a_folder_answers_to_its_last_part(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (served,) = planned([str(tmp_path / "mine")], Profile.AUTO, (), (), ())
    assert served.names == ("mine",)


def test_an_adapter_goes_to_the_model_it_says_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 8, "base_model_name_or_path": THINKING}))
    served = planned([INSTRUCT, THINKING], Profile.AUTO, (Lora("late", str(tmp_path)), Lora("any", "/no")), (), ())
    assert [[lora.name for lora in one.loras] for one in served] == [["any"], ["late"]]


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(BadSetting, match=INSTRUCT):
        planned([INSTRUCT, INSTRUCT], Profile.AUTO, (), (), ())


@pytest.mark.parametrize(
    ("told", "seen"), [(None, [0, 1, 2]), ("1", [1]), ("2,0", [0, 2]), ("-1", []), ("", []), ("GPU-8f2c", [0, 1, 2])]
)
def test_gpus_that_are_hidden_from_cuda_are_left_alone(told: str | None, seen: list[int]) -> None:
    environment = {} if told is None else {"CUDA_VISIBLE_DEVICES": told}
    assert [gpu.index for gpu in visible(_gpus(3), environment)] == seen


def test_the_tables_have_a_line_for_each_size() -> None:
    assert [line.split("|")[1].strip() for line in profile_table().splitlines()[2:]] == [
        "16 GB",
        "24 GB",
        "48 GB",
        "80 GB",
        "141 GB",
    ]
    assert "| Qwen3-VL-8B-Instruct | 16.3 | 9.9 | 4.5 | 2.2 | 18.0 |" in memory_table()
