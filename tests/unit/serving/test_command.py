"""The command line of vLLM holds what the product's requests rely on."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from videoqa.errors import BadSetting
from videoqa.serving.command import Lora, Served, command, flag
from videoqa.serving.models import GIB
from videoqa.serving.profiles import Profile, Room, laid_out

ROOM = Room(79 * GIB)


def _served(model: str = "Qwen/Qwen3-VL-8B-Instruct", profile: Profile = Profile.AUTO, *extra: str) -> Served:
    return Served((model,), laid_out(model, ROOM, profile), extra=extra)


def test_true_times_frames_by_the_thousand_and_priorities_are_allowed() -> None:
    words = command(_served(), "python", 8001).arguments
    assert {"--trust-request-mm-kwargs", "--enable-prompt-tokens-details"} <= set(words)
    assert flag(words, "--scheduling-policy") == "priority"
    assert json.loads(flag(words, "--media-io-kwargs") or "") == {"video": {"num_frames": -1}}
    assert json.loads(flag(words, "--limit-mm-per-prompt") or "") == {"video": 1, "image": 16}
    assert flag(words, "--max-num-queued-reqs") is not None


def test_the_largest_video_is_as_large_as_the_layout_says() -> None:
    told = json.loads(flag(command(_served(), "python", 1).arguments, "--mm-processor-kwargs") or "")
    assert told["videos_kwargs"]["size"]["longest_edge"] == 131_072 * 2048 == 268_435_456


def test_it_listens_to_this_machine_alone() -> None:
    words = command(_served(), "python", 8001).arguments
    assert (flag(words, "--host"), flag(words, "--port")) == ("127.0.0.1", "8001")


def test_an_instruct_model_gets_no_reasoning_parser_and_a_thinking_one_does() -> None:
    assert flag(command(_served(), "p", 1).arguments, "--reasoning-parser") is None
    assert flag(command(_served("Qwen/Qwen3-VL-8B-Thinking"), "p", 1).arguments, "--reasoning-parser") == "qwen3"


def test_an_embedding_model_pools_and_is_asked_nothing() -> None:
    words = command(_served("Qwen/Qwen3-VL-Embedding-2B"), "p", 1).arguments
    assert flag(words, "--runner") == "pooling"
    assert "--max-num-queued-reqs" not in words


def test_what_is_printed_runs_as_it_stands() -> None:
    made = command(_served("Qwen/Qwen3-VL-8B-Instruct"), "/my envs/python", 8001)
    words = [word for word in shlex.split(str(made)) if not word.startswith("OMP_NUM_THREADS=")]
    assert tuple(words) == made.arguments


def test_a_key_is_not_printed() -> None:
    made = command(_served("m/m", Profile.AUTO, "--api-key", "sesame", "--api-key=again"), "p", 1)
    assert "sesame" in made.arguments
    assert "sesame" not in str(made)
    assert "again" not in str(made)


def test_a_flag_behind_the_dashes_takes_the_place_of_ours() -> None:
    words = command(_served("m/m", Profile.AUTO, "--limit-mm-per-prompt", "{}", "--port=1"), "p", 8001).arguments
    assert words.count("--limit-mm-per-prompt") == 1
    assert flag(words, "--limit-mm-per-prompt") == "{}"
    assert flag(words, "--port") == "1"


def test_the_context_is_the_one_behind_the_dashes() -> None:
    assert _served("m/m", Profile.AUTO, "--max-model-len", "1000").context == 1000
    assert _served().context == 262_144


def test_adapters_get_room_for_the_largest_of_them(tmp_path: Path) -> None:
    for name, rank in (("small", 4), ("large", 48)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text(json.dumps({"r": rank}))
    loras = tuple(Lora.read(f"{name}={tmp_path}/{name}") for name in ("small", "large"))
    words = command(Served(("m",), laid_out("m/m", ROOM), loras), "p", 1).arguments
    assert "--enable-lora" in words
    assert (flag(words, "--max-lora-rank"), flag(words, "--max-loras")) == ("64", "2")
    at = words.index("--lora-modules")
    assert words[at + 1 : at + 3] == (f"small={tmp_path}/small", f"large={tmp_path}/large")


@pytest.mark.parametrize("text", ["adapter", "=path", "name="])
def test_an_adapter_needs_a_name_and_a_path(text: str) -> None:
    with pytest.raises(BadSetting, match="NAME=PATH"):
        Lora.read(text)


def test_a_variable_that_the_user_set_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    on_cpu = Served(("m",), laid_out("m/m", None))
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
    assert ("VLLM_CPU_KVCACHE_SPACE", "4") in command(on_cpu, "p", 1).environment
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "2")
    assert command(on_cpu, "p", 1).environment == ()
