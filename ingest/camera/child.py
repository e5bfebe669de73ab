"""The child process of one camera session: ``python -I -m ingest.camera.child``."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Sequence

from ingest.camera.feed import CannotOpen
from ingest.camera.watch import Watch
from ingest.camera.wire import WAITS_SECONDS, Ended, Held, Message, Order, encode
from ingest.confinement import confine_camera
from ingest.pyav.live import is_file, open_live
from videoqa.cameras import CameraState

_GRACE = 1.0


def main() -> None:
    # Whoever was begun ahead may never be told anything.
    if not select.select([0], [], [], WAITS_SECONDS)[0]:
        return
    with open(0, "rb", closefd=False) as stdin:
        order = Order.from_json(stdin.readline())
    pipe = os.dup(1)
    # What a library prints must not run into the messages.
    os.dup2(2, 1)
    # Nothing but a file can be, or has to be, opened once more.
    readable = order.descriptor if is_file(order.descriptor) else None
    measures = confine_camera(order.memory, order.port, readable)
    ending, rolling = threading.Event(), threading.Event()
    # The parent keeps our stdin open for as long as it wants the session, and as it lives.
    threading.Thread(target=_end_with_parent, args=(ending, rolling), daemon=True).start()

    def tell(message: Message) -> None:
        _write(pipe, encode(message))

    try:
        tell(Held(measures))
        if order.is_empty:
            return
        tell(_session(order, tell, ending, rolling))
    except BrokenPipeError:
        return


def _session(order: Order, tell: object, ending: threading.Event, rolling: threading.Event) -> Ended:
    try:
        with open_live(order) as live:
            return Watch(live, order, tell, ending.is_set, rolling).run()  # type: ignore[arg-type]
    except CannotOpen as error:
        return Ended(error.state, error.problem, None)
    except MemoryError:
        return Ended(CameraState.BAD_CODEC, f"it takes more than {order.memory // 2**20} MiB of memory", None)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last line of this process: the parent is told, whatever it was
        return Ended(CameraState.OFFLINE, f"what reads it failed ({type(error).__name__})", None)


def _write(pipe: int, parts: Sequence[bytes | memoryview]) -> None:
    left = [memoryview(part) for part in parts]
    while left:
        sent = os.writev(pipe, left)
        while left and sent >= len(left[0]):
            sent -= len(left.pop(0))
        if left:
            left[0] = left[0][sent:]


def _end_with_parent(ending: threading.Event, rolling: threading.Event) -> None:
    # Whatever it says, it wants another recording.
    while os.read(0, 4096):
        rolling.set()
    ending.set()
    # Whoever waits for the camera does not see the sign.
    threading.Event().wait(_GRACE)
    os._exit(1)


if __name__ == "__main__":
    main()
    os._exit(0)
