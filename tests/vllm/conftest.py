"""The real vLLM, on the CPU, with a tiny random Qwen3-VL: one server for the session."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.needs import missing
from tests.vllm import environment
from tests.vllm.engine import QUEUE, Engine
from videoqa.analyser.model.server import ModelServer

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.vllm)
            # A server may start within a test, on a machine at work.
            if item.get_closest_marker("timeout") is None and not config.getoption("--soak"):
                item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def vllm_python() -> Path:
    """The Python of an environment with vLLM."""
    if not environment.is_made(environment.folder()):
        missing("there is no vLLM; `make vllm` makes an environment with it")
    return environment.python(environment.folder())


@pytest.fixture(scope="session")
def tiny(vllm_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random model."""
    out = tmp_path_factory.mktemp("models") / "tiny-qwen3-vl"
    subprocess.run([vllm_python, HERE / "tiny_model.py", out], check=True, capture_output=True)
    return out


@pytest.fixture(scope="session")
def engines(vllm_python: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Engine]]:
    """Starts a server of the tiny model; see ``Engine``. All of them are stopped in the end."""
    started: list[Engine] = []
    logs = tmp_path_factory.mktemp("logs")

    def start(*extra: str, **options: object) -> Engine:
        engine = Engine(vllm_python, tiny, logs / f"{len(started)}.log", *extra, **options)  # type: ignore[arg-type]
        started.append(engine)
        return engine.start()

    yield start
    for engine in started:
        engine.stop()


@pytest.fixture(scope="session")
def engine(engines: Callable[..., Engine]) -> Engine:
    """The server that most tests share: nobody stops it."""
    return engines().wait()


@pytest.fixture(scope="session")
def wary(engines: Callable[..., Engine]) -> Engine:
    """A server that takes no request's word on how media is read, has one seat and a short queue; it may be killed."""
    return engines("--max-num-seqs", "1", "--max-num-queued-reqs", str(QUEUE), trusts=False).wait()


@pytest.fixture(scope="session")
def server(engine: Engine) -> Iterator[ModelServer]:
    """What the product speaks to it with."""
    model = ModelServer(engine.url)
    yield model
    model.close()
