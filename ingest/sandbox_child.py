"""The child process in which untrusted media is opened: ``python -I -m ingest.sandbox_child``."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

from ingest import probe, pyav, sampling
from ingest.confinement import confine
from ingest.wire import Confinement, Done, Failed, Message, Request, Working, encode
from videoqa.errors import DecoderCrashed, DecoderOverran, VideoqaError

_SIGN_OF_LIFE = 1.0


def main() -> None:
    with open(0, "rb", closefd=False) as stdin:
        request = Request.from_json(stdin.readline())
    pipe = os.dup(1)
    # What a library prints must not run into the messages.
    os.dup2(2, 1)
    measures = confine(request.limits, request.work, request.descriptor)
    # The parent keeps our stdin open for as long as it lives.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        if request.descriptor is None:
            _tell(pipe, Confinement(measures))
            return
        shown = time.monotonic()
        for message in _messages(request, request.descriptor):
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


def _messages(request: Request, descriptor: int) -> Iterator[Message]:
    with pyav.open_footage(f"file:/dev/fd/{descriptor}", request.limits) as footage:
        if request.survey is None:
            yield from probe.probe(footage, request.limits)
        else:
            survey = request.survey
            yield from sampling.survey(footage, survey.sampling, gated=survey.gated, since=survey.since)


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
