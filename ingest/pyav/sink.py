"""An MP4 that is written to nobody's disk: what the muxer writes comes out as parts and where they stand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import av
from av.container import OutputContainer
from av.error import FFmpegError

from ingest.messages import Part
from ingest.pyav.decoder import out_of_memory
from videoqa.errors import CannotCut

_PART_BYTES = 2**20
# What the index takes at most of each packet (ISO/IEC 14496-12: stts 8, ctts 8, stsz 4, stss 4, stsc 12, co64 8), and
# the rest of it.
_INDEX_OF_A_PACKET = 44
_REST_OF_INDEX = 2**17


class Sink:
    """A file that is written and never read. What was written is taken out in parts, in the order of writing."""

    def __init__(self) -> None:
        self._at = 0
        self._end = 0
        self._runs: list[tuple[int, bytearray]] = []

    def write(self, data: bytes) -> int:
        if self._runs and self._runs[-1][0] + len(self._runs[-1][1]) == self._at:
            self._runs[-1][1].extend(data)
        else:
            self._runs.append((self._at, bytearray(data)))
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def taken(self, *, all_of_it: bool = False) -> Iterator[Part]:
        """What was written and not taken yet; small amounts only with ``all_of_it``."""
        if not all_of_it and sum(len(data) for _, data in self._runs) < _PART_BYTES:
            return
        runs, self._runs = self._runs, []
        for offset, data in runs:
            for place in range(0, len(data), _PART_BYTES):
                yield Part(offset + place, bytes(data[place : place + _PART_BYTES]))


@contextmanager
def mp4(sink: Sink, packets: int) -> Iterator[OutputContainer]:
    """An MP4 of at most ``packets`` packets, the same bytes each time, its index before them.

    Raises:
        CannotCut: what is put into it does not go into an MP4.
    """
    options = {
        # Room for the index is kept at the front, so that nothing has to be read back and moved.
        "moov_size": str(_REST_OF_INDEX + _INDEX_OF_A_PACKET * packets),
        "fflags": "+bitexact",
    }
    try:
        with av.open(sink, "w", format="mp4", options=options, buffer_size=2**16) as container:
            yield container
    except FFmpegError as error:
        raise out_of_memory(error) or CannotCut(problem=error.strerror or str(error)) from error
