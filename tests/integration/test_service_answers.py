"""Answers over real sockets: a model that is dead, slow or lying, readers that go and come back, a service that stops.

Real footage, a real index, a server that plays the model, and uvicorn as the product runs it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api import questions
from api.app import create_app
from api.serving import server
from tests.acceptance.product import SAMPLES
from tests.integration.test_grounded_answers import Watchful, index, truth
from tests.scripted_model import Failed, Reply, Request, Said, ScriptedModel, Stalled
from tests.service import a_service
from videoqa.answering.verdict import CUT_OFF, UNAIDED
from videoqa.bootstrap import House
from videoqa.settings import Settings

WAIT = "When does somebody wait at the door?"
FAR = "After the van left, who is seen far off?"


@dataclass
class Listening:
    """A service that listens. ``stop`` tells it to end, as a signal does."""

    url: str
    stop: Callable[[], None]
    client: httpx2.Client

    def ask(self, question: str = WAIT, **more: Any) -> httpx2.Response:
        return self.client.post("/v1/ask", json={"question": question, **more})

    @contextmanager
    def stream(self, question: str = WAIT) -> Iterator[Iterator[tuple[str, Any, str]]]:
        body = {"question": question, "stream": True}
        with self.client.stream("POST", "/v1/ask", json=body) as response:
            assert response.status_code == 200
            yield events_of(response)

    @contextmanager
    def follow(self, task: str, last: str) -> Iterator[Iterator[tuple[str, Any, str]]]:
        with self.client.stream("GET", f"/v1/ask/{task}", headers={"Last-Event-ID": last}) as response:
            assert response.status_code == 200
            yield events_of(response)


def events_of(response: httpx2.Response) -> Iterator[tuple[str, Any, str]]:
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line and fields:
            yield fields["event"], json.loads(fields["data"]), fields["id"]
            fields = {}


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of the yard, indexed by its signals."""
    folder = tmp_path_factory.mktemp("yard")
    path = str(shutil.copy(SAMPLES / "yard.mp4", folder / "yard.mp4"))
    index(House(Settings(data_dir=folder / "data")).indexing(), path)
    return folder / "data"


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(Watchful()) as served:
        yield served


@pytest.fixture
def service(yard: Path, tmp_path: Path, model: ScriptedModel) -> Iterator[Listening]:
    place = House(Settings(data_dir=yard, model_url=model.url))
    parts = {"archive": place.archive, "answering": place.answering, "grounded": lambda: place.grounded}
    app = create_app(a_service(tmp_path, **parts))
    listener = socket.create_server(("127.0.0.1", 0))
    running, loops = server(app, 300), list[asyncio.AbstractEventLoop]()

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with app.router.lifespan_context(app):
            await running.serve([listener])

    def stop() -> None:
        if not loops[0].is_closed():
            loops[0].call_soon_threadsafe(app.state.stopping.set)
        running.should_exit = True

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx2.Client(base_url=url, timeout=20) as client:
        until(lambda: running.started)
        yield Listening(url, stop, client)
    stop()
    thread.join(10)
    assert not thread.is_alive(), "the service does not end"


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.01)


def looks(request: Request) -> bool:
    return request.schema is not None


def test_an_answer_is_given_by_the_model_and_cites_what_can_be_played(service: Listening) -> None:
    answer = service.ask().json()
    assert answer["given_by"] == "scripted"
    moment = answer["moments"][0]
    assert moment["sources"][0] == "model"
    assert abs(moment["start"] - truth()["wait"].start.total_seconds()) <= 1
    assert moment["clip"].startswith(f"/v1/recordings/{moment['recording']['id']}/clip?from=")
    assert answer["usage"]["prompt_tokens"] > 0


def test_a_stream_tells_what_is_looked_at_and_then_the_words(service: Listening) -> None:
    with service.stream(FAR) as events:
        told = list(events)
    names = [event for event, _, _ in told]
    assert names[0] == "task"
    assert names[-1] == "final"
    assert names.index("proposed") < names.index("citation") < names.index("token")
    words = " ".join(data["text"] for event, data, _ in told if event == "token")
    assert words == told[-1][1]["answer"]
    cited = [data["moment"] for event, data, _ in told if event == "citation"]
    assert all(moment["moment"] in cited for moment in told[-1][1]["citations"])


def test_a_dead_model_leaves_what_the_index_says_and_that_is_said(service: Listening, model: ScriptedModel) -> None:
    model.stop()
    answer = service.ask("When does somebody walk through the yard?").json()
    with service.stream("When does somebody walk through the yard?") as events:
        *_, (last, streamed, _) = events
    model.start()
    assert answer["found"]
    assert answer["given_by"] == "index"
    assert answer["notes"] == [UNAIDED]
    assert (last, streamed["answer"], streamed["notes"]) == ("final", answer["answer"], answer["notes"])


def test_a_model_that_dies_in_the_middle_leaves_what_it_confirmed(service: Listening, model: ScriptedModel) -> None:
    watchful, span = Watchful(), truth()["walk"]

    def dying(request: Request) -> Reply:
        told = any(span.start.total_seconds() <= stamp < span.end.total_seconds() for stamp in request.stamps)
        return watchful(request) if told else Failed(503)

    model.script = dying
    with service.stream("When does somebody walk through the yard?") as events:
        told = list(events)
    assert {"citation", "note"} <= {event for event, _, _ in told}
    answer = told[-1][1]
    assert answer["given_by"] == "scripted"
    assert CUT_OFF in answer["notes"]


LIES = {
    "prose": Said("I am quite sure that it is there."),
    "a verdict of its own": Said({"verdict": "perhaps", "sentence": "x", "certainty": 7, "first": "1", "last": "2"}),
    "an error": Failed(500, "CUDA out of memory"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_model_that_cannot_be_used_is_never_believed(service: Listening, model: ScriptedModel, name: str) -> None:
    model.script = [LIES[name]]
    answer = service.ask().json()
    assert answer["given_by"] == "index"
    assert answer["notes"]
    assert "sure that it is there" not in json.dumps(answer)


def test_a_slow_model_holds_up_nobody_else(service: Listening, model: ScriptedModel) -> None:
    let = threading.Event()
    watchful = Watchful()

    def slow(request: Request) -> Reply:
        let.wait(20)
        return watchful(request)

    model.script = slow
    slowly = [threading.Thread(target=service.ask, daemon=True) for _ in range(6)]
    for each in slowly:
        each.start()
    until(lambda: len(model.requests) >= 6)
    begun = time.monotonic()
    for _ in range(5):
        assert service.client.get("/v1/search", params={"q": "motion"}).status_code == 200
    assert time.monotonic() - begun < 5
    let.set()
    for each in slowly:
        each.join(20)


def test_whoever_breaks_off_comes_back_and_is_told_every_event_once(service: Listening, model: ScriptedModel) -> None:
    let, watchful = threading.Event(), Watchful()

    def slow(request: Request) -> Reply:
        if request.schema is None:
            let.wait(20)
        return watchful(request)

    model.script = slow
    with service.stream(FAR) as events:
        first = [next(events) for _ in range(3)]
    task = first[0][1]["task_id"]
    with service.follow(task, first[-1][2]) as events:
        second = [next(events)]
        let.set()
        second += events
    ids = [number for _, _, number in (*first, *second)]
    assert ids == [*map(str, range(1, len(ids))), "end"]
    assert second[-1][0] == "final"
    with service.follow(task, "0") as events:
        assert list(events) == [*first, *second]


def test_a_reader_that_does_not_come_back_ends_the_calls_to_the_model(
    service: Listening, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "GRACE", 0.2)
    watchful = Watchful()
    let = threading.Semaphore(1)

    def slow(request: Request) -> Reply:
        let.acquire(timeout=20)
        return watchful(request)

    model.script = slow
    with service.stream("How many people come to the yard?") as events:
        task = next(events)[1]["task_id"]
        until(lambda: len(model.requests) >= 1)
    time.sleep(0.5)
    let.release(4)
    time.sleep(0.5)
    begun = len(model.requests)
    let.release(100)
    time.sleep(0.5)
    assert len(model.requests) == begun, "the model is asked on for nobody"
    with service.follow(task, "0") as events:
        *_, (last, problem, _) = events
    assert (last, problem["code"]) == ("problem", "question-dropped")


def test_whoever_hangs_up_on_a_whole_answer_has_it_given_up(service: Listening, model: ScriptedModel) -> None:
    let, watchful = threading.Semaphore(4), Watchful()

    def slow(request: Request) -> Reply:
        let.acquire(timeout=20)
        return watchful(request)

    model.script = slow
    with closing(socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])))) as connection:
        body = json.dumps({"question": "How many people come to the yard?"}).encode()
        head = (
            f"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        )
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        until(lambda: len(model.requests) >= 4)
    time.sleep(0.3)
    let.release(4)
    time.sleep(0.5)
    begun = len(model.requests)
    let.release(100)
    time.sleep(0.5)
    assert len(model.requests) == begun


@pytest.mark.parametrize("streamed", [True, False])
def test_the_service_stops_at_once_whoever_still_listens(
    service: Listening, model: ScriptedModel, streamed: bool
) -> None:
    model.script = [Stalled(3)]
    told: list[Any] = []

    def listen() -> None:
        if streamed:
            with service.stream() as events:
                told.extend(events)
        else:
            told.append(service.ask())

    listening = threading.Thread(target=listen)
    listening.start()
    until(lambda: len(model.requests) >= 1)
    begun = time.monotonic()
    service.stop()
    listening.join(5)
    assert not listening.is_alive()
    assert time.monotonic() - begun < 2.5
    if not streamed:
        assert told[0].status_code == 503
        assert told[0].json()["code"] == "question-dropped"


def test_two_hundred_readers_take_no_thread_each(service: Listening, model: ScriptedModel) -> None:
    let, watchful = threading.Event(), Watchful()

    def slow(request: Request) -> Reply:
        let.wait(20)
        return watchful(request)

    model.script = slow

    async def read(client: httpx2.AsyncClient, task: str) -> list[str]:
        async with client.stream("GET", f"/v1/ask/{task}") as response:
            return [line async for line in response.aiter_lines() if line.startswith("id:")]

    async def many(task: str) -> list[list[str]]:
        limits = httpx2.Limits(max_connections=400)
        async with httpx2.AsyncClient(base_url=service.url, timeout=30, limits=limits) as client:
            reading = [asyncio.create_task(read(client, task)) for _ in range(200)]
            await asyncio.sleep(1)
            # Checking keys and the like took some of the few that there are at most.
            assert threading.active_count() < before + 150
            let.set()
            return await asyncio.gather(*reading)

    with service.stream() as events:
        task = next(events)[1]["task_id"]
        until(lambda: len(model.requests) >= 1)
        before = threading.active_count()
        every = asyncio.run(many(task))
    assert all(each == every[0] for each in every)
    assert every[0][-1] == "id: end"
