"""Who is let in to a camera: everybody, or who knows a name and its password (RFC 2617)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import md5
from typing import Protocol

_REALM = "camera"
_NONCE = "5ba0c7d2"


class Door(Protocol):
    def demand(self, method: str, headers: Mapping[str, str]) -> str | None:
        """What is asked for of a request with ``headers``, None where it may pass."""
        ...


@dataclass(frozen=True)
class Open:
    def demand(self, method: str, headers: Mapping[str, str]) -> str | None:
        return None


@dataclass(frozen=True)
class Basic:
    user: str
    password: str

    def demand(self, method: str, headers: Mapping[str, str]) -> str | None:
        right = "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()
        return None if headers.get("authorization") == right else f'Basic realm="{_REALM}"'


@dataclass(frozen=True)
class Digest:
    user: str
    password: str

    def demand(self, method: str, headers: Mapping[str, str]) -> str | None:
        told = dict(re.findall(r'(\w+)="?([^",]*)"?', headers.get("authorization", "").removeprefix("Digest ")))
        who = _md5(f"{self.user}:{_REALM}:{self.password}")
        what = _md5(f"{method}:{told.get('uri', '')}")
        right = _md5(f"{who}:{_NONCE}:{what}")
        return None if told.get("response") == right else f'Digest realm="{_REALM}", nonce="{_NONCE}"'


def _md5(text: str) -> str:
    return md5(text.encode()).hexdigest()
