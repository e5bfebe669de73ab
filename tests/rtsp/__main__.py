"""Plays clips as cameras until it is ended: `python -m tests.rtsp samples/yard.mp4 …` prints one address a clip."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from tests.rtsp.film import film
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer

with RtspServer({Path(name).stem: Channel(film(Path(name)), shared=True) for name in sys.argv[1:]}) as server:
    for path in server.channels:
        print(server.url(path), flush=True)
    threading.Event().wait()
