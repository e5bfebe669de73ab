"""Arrays as one block of bytes, which is read back without copying it: from a table row, or from a mapped file."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

_MAGIC = b"VQAS"
_PREFIX = struct.Struct("<4sI")
_ALIGNMENT = 64


class BadBlock(ValueError):
    """The bytes are not a whole block."""


def pack(arrays: Arrays, **notes: object) -> list[bytes | memoryview]:
    """The parts of a block that holds ``arrays`` and ``notes`` (JSON), to be joined or written one after another."""
    little = {
        name: np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
        for name, array in arrays.items()
    }
    layout = {name: (array.dtype.str, array.shape) for name, array in little.items()}
    header = json.dumps({"arrays": layout, "notes": notes}).encode()
    parts: list[bytes | memoryview] = [_PREFIX.pack(_MAGIC, len(header)), header]
    parts.append(bytes(-(len(header) + _PREFIX.size) % _ALIGNMENT))
    for array in little.values():
        if array.size:
            parts.append(array.reshape(-1).view(np.uint8).data)
        parts.append(bytes(-array.nbytes % _ALIGNMENT))
    return parts


def unpack(block: NDArray[np.uint8] | bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays, as views into ``block``, and the notes.

    Raises:
        BadBlock: it was cut short, or is something else.
    """
    view = np.frombuffer(block, np.uint8) if isinstance(block, bytes) else block
    if len(view) < _PREFIX.size:
        raise BadBlock(f"{len(view)} bytes")
    magic, header_size = _PREFIX.unpack(view[: _PREFIX.size].tobytes())
    if magic != _MAGIC or len(view) < _PREFIX.size + header_size:
        raise BadBlock("no header")
    try:
        header = json.loads(view[_PREFIX.size : _PREFIX.size + header_size].tobytes())
    except ValueError as error:
        raise BadBlock("the header is damaged") from error
    at = _PREFIX.size + header_size
    arrays: dict[str, NDArray[Any]] = {}
    for name, (dtype, shape) in header["arrays"].items():
        at += -at % _ALIGNMENT
        size = np.dtype(dtype).itemsize * int(np.prod(shape))
        if at + size > len(view):
            raise BadBlock(f"ends inside {name}")
        arrays[name] = view[at : at + size].view(dtype).reshape(shape)
        at += size
    return arrays, header["notes"]
