"""The child process in which untrusted media is opened: ``python -I -m ingest.sandbox_child``."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ingest import pyav
from ingest.confinement import confine
from ingest.messages import Confinement, Done, Failed, Message, Working
from ingest.plain import MICROSECOND
from ingest.request import Request
from ingest.wire import encode
from videoqa.errors import DecoderCrashed, DecoderOverran, VideoqaError
from videoqa.media import Sampling

if TYPE_CHECKING:
    from ingest.development import Outcomes

_SIGN_OF_LIFE = 1.0


def main() -> None:
    with open(0, "rb", closefd=False) as stdin:
        request = Request.from_json(stdin.readline())
    pipe = os.dup(1)
    # What a library prints must not run into the messages.
    os.dup2(2, 1)
    try:
        # Behind the confinement no module of the house can be read any more.
        task = _task(request)
    except VideoqaError as error:
        _tell(pipe, Failed(error))
        return
    measures = confine(request.limits, request.work, request.descriptor)
    # The parent keeps our stdin open for as long as it lives.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        if request.descriptor is None:
            _tell(pipe, Confinement(measures))
            return
        with pyav.open_footage(f"file:/dev/fd/{request.descriptor}", request.limits) as footage:
            shown = time.monotonic()
            for message in task(footage):
                if isinstance(message, Working):
                    if time.monotonic() - shown < _SIGN_OF_LIFE:
                        continue
                    shown = time.monotonic()
                _tell(pipe, message)
        _tell(pipe, Done())
    except BrokenPipeError:
        os._exit(0)
    except VideoqaError as error:
        _tell(pipe, Failed(error))
    except MemoryError:
        limit = f"{request.limits.memory // 2**20} MiB"
        _tell(pipe, Failed(DecoderOverran(limit=limit, what="memory")))
    except Exception as error:  # noqa: BLE001 - the last line of this process: the parent is told, whatever it was
        _tell(pipe, Failed(DecoderCrashed(problem=f"{type(error).__name__}: {error}")))


def _task(request: Request) -> Callable[[pyav.Footage], Iterator[Message]]:
    """What is to be done; only what it needs is imported, which is half of what a small file costs."""
    if (hearing := request.hearing) is not None:
        from ingest.sound import listen  # noqa: PLC0415

        return lambda footage: listen(footage, hearing.since)
    if (stretch := request.stretch) is not None:
        from ingest.closer import frames_of  # noqa: PLC0415

        return lambda footage: frames_of(footage, stretch)
    if (cutting := request.cutting) is not None:
        from ingest.pyav.cutting import cut  # noqa: PLC0415

        return lambda footage: cut(footage, cutting)
    if (survey := request.survey) is None:
        from ingest.probe import probe  # noqa: PLC0415

        return lambda footage: probe(footage, request.limits)
    from ingest.sampling import survey as sample  # noqa: PLC0415

    develop = _developer(request.decoder)
    gatekeeper = None
    if survey.gated:
        from ingest.gate.gatekeeper import Gatekeeper  # noqa: PLC0415

        gatekeeper = Gatekeeper(survey.sampling.period, survey.since.gate if survey.since else b"")
    since = survey.since.pts // MICROSECOND if survey.since else 0
    return lambda footage: sample(
        footage, survey.sampling, develop(footage, survey.sampling, since), gatekeeper, survey.since
    )


def _developer(decoder: str) -> Callable[[pyav.Footage, Sampling, int], Outcomes]:
    if decoder == "decord":
        from ingest import decord  # noqa: PLC0415

        return decord.develop
    from ingest import development  # noqa: PLC0415

    return development.develop


def _tell(pipe: int, message: Message) -> None:
    parts = [memoryview(part) for part in encode(message)]
    while parts:
        sent = os.writev(pipe, parts)
        while parts and sent >= len(parts[0]):
            sent -= len(parts.pop(0))
        if parts:
            parts[0] = parts[0][sent:]


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
