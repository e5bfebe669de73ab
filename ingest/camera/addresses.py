"""Which addresses of cameras are watched: their form, and where on the network they may lead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, unquote

from ingest.addresses import Policy
from videoqa.cameras import StreamUrl
from videoqa.errors import BadCamera

_SCHEMES = ("rtsp", "http", "https", "file")
_PORTS = {"rtsp": 554, "http": 80, "https": 443}
_LONGEST = 2048
# The name and the password end at the last @ before the path, as FFmpeg and browsers have it.
_PLACE = re.compile(
    r"(?P<scheme>\w+)://(?:(?P<login>[^/?#]*)@)?(?P<host>\[[0-9a-fA-F:.]+\]|[^/?#@:\[\]]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<rest>[/?].*)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A server on the network and what to ask it for; ``login`` has what is special in addresses as %XX."""

    scheme: str
    login: str
    host: str
    port: int
    rest: str

    @property
    def text(self) -> str:
        """The address without ``login``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.rest}"


def camera_policy(private: bool) -> Policy:
    """Cameras live on private networks, so that these are open unless VIDEOQA_CAMERA_PRIVATE says no."""
    return Policy(private, "VIDEOQA_CAMERA_PRIVATE")


def check(url: StreamUrl, policy: Policy) -> None:
    """Looks nothing up: where a name leads is seen to each time it is connected to.

    Raises:
        BadCamera: nothing is watched at such an address.
    """
    if url.scheme == "file":
        path_of(url)
        return
    place = place_of(url)
    try:
        number = str(ip_address(place.host))
    except ValueError:
        return
    if (problem := policy.problem_of(number)) is not None:
        raise BadCamera(problem=problem)


def place_of(url: StreamUrl) -> Place:
    """
    Raises:
        BadCamera: it is no address of a stream on the network.
    """
    _check_form(url)
    found = _PLACE.fullmatch(url.text)
    if found is None:
        raise BadCamera(problem="its address has no server, as in rtsp://10.0.0.7/stream")
    scheme, port, rest = found["scheme"].lower(), int(found["port"] or 0), found["rest"] or "/"
    if found["port"] and not 0 < port < 2**16:
        raise BadCamera(problem="its address has no port from 1 to 65535; in a password write / as %2F")
    if "@" in rest or "#" in rest:
        # Part of a password that was not written as it has to be would be shown as the path.
        raise BadCamera(problem="in a name, a password, a path and a query write / as %2F, # as %23 and @ as %40")
    login = quote(found["login"] or "", safe="%:!$&'()*+,;=~")
    return Place(scheme, login, found["host"].strip("[]"), port or _PORTS[scheme], rest)


def path_of(url: StreamUrl) -> str:
    """The absolute path of a file that is played as a camera.

    Raises:
        BadCamera: it names none.
    """
    _check_form(url)
    path = unquote(re.sub(r"^file:(//(localhost)?(?=/))?", "", url.text, flags=re.IGNORECASE))
    if not path.startswith("/") or path.startswith("//") or "\0" in path:
        raise BadCamera(problem="a file is named by its whole path, as in file:/srv/clips/yard.mp4")
    return path


def _check_form(url: StreamUrl) -> None:
    if url.scheme not in _SCHEMES or ":" not in url.text:
        raise BadCamera(problem=f"its address begins with none of {', '.join(f'{each}:' for each in _SCHEMES)}")
    if len(url.text) > _LONGEST:
        raise BadCamera(problem=f"its address is longer than {_LONGEST} characters")
    if url.scheme != "file" and (not url.text.isprintable() or " " in url.text):
        raise BadCamera(problem="its address holds a space or what cannot be printed; write a space as %20")
