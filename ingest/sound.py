"""Takes what is to be heard out of open footage, in pieces cut at its pauses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ingest.messages import Working
from ingest.pauses import Cutter
from ingest.pyav import Footage
from ingest.pyav.sound import decode_sound
from videoqa.ports import Sound


def listen(footage: Footage, since: timedelta) -> Iterator[Sound | Working]:
    """The sound of ``footage`` that begins at ``since`` or later.

    All of it is decoded: no codec's sound is the same to the sample when it is begun in its midst.

    Raises:
        NoSound: there is none in it, or none that decodes.
    """
    for sound in _pieces(footage):
        yield sound if isinstance(sound, Sound) and sound.start >= since else Working()


def _pieces(footage: Footage) -> Iterator[Sound | Working]:
    cutter = Cutter()
    for pcm in decode_sound(footage):
        if pcm is None:
            yield Working()
        else:
            yield from cutter.feed(pcm.time, pcm.samples, begins=pcm.begins)
    yield from cutter.finish()
