"""What tus says in headers: https://tus.io/protocols/resumable-upload, version 1.0.0."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime

from starlette.datastructures import Headers

from videoqa.errors import BadUploadHeader, UnsupportedProtocol, WrongMediaType
from videoqa.ports import Arrival

VERSION = "1.0.0"
MEDIA_TYPE = "application/offset+octet-stream"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"
ALGORITHMS = ("sha1", "sha256", "sha512", "md5")
RECORDING = "Videoqa-Recording"
"""Names the recording that an upload has become; Location cannot, where it names the upload."""
_LARGEST = 2**63 - 1
_KEY = re.compile(r"[!-+\--~]{1,200}")  # printable ASCII but for blanks and commas


@dataclass(frozen=True, slots=True)
class Checksum:
    """The ``value`` that the digest by ``algorithm`` is to have."""

    algorithm: str
    value: bytes


def check_version(headers: Headers) -> None:
    """
    Raises:
        UnsupportedProtocol: the client speaks another version, or none.
    """
    if headers.get("tus-resumable") != VERSION:
        raise UnsupportedProtocol


def check_media_type(headers: Headers) -> None:
    """
    Raises:
        WrongMediaType: the body is not said to be a piece of an upload.
    """
    if not is_piece(headers):
        raise WrongMediaType(given=headers.get("content-type", "of no type"), expected=MEDIA_TYPE)


def is_piece(headers: Headers) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


def number(headers: Headers, name: str) -> int | None:
    """The number of bytes in a header; None where it is not there.

    Raises:
        BadUploadHeader: it is no such number.
    """
    text = headers.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", text) or int(text) > _LARGEST:
        raise BadUploadHeader(name=name, value=text, expected=f"a number from 0 to {_LARGEST}")
    return int(text)


def needed_number(headers: Headers, name: str) -> int:
    """The number of bytes in a header that has to be there; raises what ``number`` does."""
    told = number(headers, name)
    if told is None:
        raise refused(name, "absent", "a number of bytes")
    return told


def refused(name: str, value: object, expected: str) -> BadUploadHeader:
    return BadUploadHeader(name=name, value=value, expected=expected)


def length(headers: Headers) -> int | None:
    """The length of a new upload; None where it will be told later.

    Raises:
        BadUploadHeader: neither is said, or both are.
    """
    told, later = number(headers, "Upload-Length"), headers.get("upload-defer-length")
    if later not in (None, "1") or (told is None) == (later is None):
        raise BadUploadHeader(
            name="Upload-Length",
            value="absent" if told is None else told,
            expected="the file's bytes, or else Upload-Defer-Length: 1",
        )
    return told


def metadata(headers: Headers) -> dict[str, str]:
    """The text of each key of Upload-Metadata.

    Raises:
        BadUploadHeader: it is not written as tus says, or a key comes twice.
    """
    text = headers.get("upload-metadata", "").strip()
    found: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise BadUploadHeader(name="Upload-Metadata", value=text, expected="pairs of a key and its value in Base64")
        found[key] = _decoded("Upload-Metadata", value).decode("utf-8", "replace")
    return found


def encoded(told: Mapping[str, str]) -> str:
    """``told`` as Upload-Metadata."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}".rstrip() for key, value in told.items())


def checksum(headers: Headers) -> Checksum | None:
    """
    Raises:
        BadUploadHeader: it is by an algorithm that is not known, or no checksum.
    """
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise BadUploadHeader(name="Upload-Checksum", value=text, expected=f"one by {', '.join(ALGORITHMS)}")
    digest = _decoded("Upload-Checksum", value)
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise BadUploadHeader(name="Upload-Checksum", value=text, expected=f"a digest by {algorithm} in Base64")
    return Checksum(algorithm, digest)


def of(arrival: Arrival, offset: int) -> dict[str, str]:
    """What is said of an upload that stands at ``offset``."""
    told = {"Upload-Offset": str(offset), "Upload-Expires": format_datetime(arrival.expires_at, usegmt=True)}
    if arrival.recording_id:
        told[RECORDING] = arrival.recording_id
        told["Location"] = f"/v1/recordings/{arrival.recording_id}"
    return told


def _decoded(name: str, value: str) -> bytes:
    try:
        return base64.b64decode(value.strip(), validate=True)
    except binascii.Error as error:
        raise BadUploadHeader(name=name, value=value, expected="a value in Base64") from error
