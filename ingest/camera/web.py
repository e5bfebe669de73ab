"""Asks cameras over HTTP. What a session has under way ends when it is left."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from urllib.parse import unquote

import httpcore2
import httpx2

from ingest.addresses import Policy
from ingest.camera.addresses import Place
from ingest.camera.feed import CannotOpen
from ingest.camera.transport import CheckedTransport, Login
from ingest.pinning import Refused
from videoqa.cameras import CameraState

_PATIENCE = 10.0
_ANSWER_SECONDS = 15.0
_HOPS = 5
_LONGEST_TEXT = 2**20
_STATES = {
    401: CameraState.AUTH_FAILED,
    403: CameraState.AUTH_FAILED,
    404: CameraState.NOT_FOUND,
    410: CameraState.NOT_FOUND,
}


class Answer:
    """An answer under way. ``kind`` is its media type in small letters, ``url`` where it came from in the end."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        self.url = response.url

    def blocks(self) -> Iterator[bytes]:
        """
        Raises:
            CannotOpen: it breaks off.
        """
        with _telling(self.url):
            yield from self._response.iter_raw()

    def text(self) -> str:
        """
        Raises:
            CannotOpen: it breaks off, or is longer than any playlist.
        """
        whole = bytearray()
        for block in self.blocks():
            whole += block
            if len(whole) > _LONGEST_TEXT:
                raise CannotOpen(CameraState.BAD_CODEC, "its HLS playlist is longer than any")
        return whole.decode("utf-8", "replace")


class Visit:
    """Everything that is asked of one camera's server in a session.

    The name and password are told to the server that the camera's address names, and to no other.

    Raises:
        CannotOpen: it has no address on the web.
    """

    def __init__(self, place: Place, policy: Policy, context: ssl.SSLContext) -> None:
        try:
            self._place = httpx2.URL(place.text)
        except (httpx2.InvalidURL, ValueError) as error:
            raise CannotOpen(CameraState.OFFLINE, "its address is none of the web") from error
        user, _, password = place.login.partition(":")
        self._login = Login(unquote(user), unquote(password)) if place.login else None
        self._client = httpx2.Client(
            transport=CheckedTransport(policy, context, _ANSWER_SECONDS),
            # Servers close what was idle just when it is used again, and playlists are asked for every few seconds.
            headers={
                "User-Agent": f"videoqa/{version('videoqa')}",
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
            timeout=_PATIENCE,
            follow_redirects=True,
            max_redirects=_HOPS,
            trust_env=False,
        )
        self._lock = threading.Lock()
        self._under_way: httpx2.Response | None = None
        self.ended = threading.Event()

    @contextmanager
    def ask(self, url: httpx2.URL | None = None) -> Iterator[Answer]:
        """What the server answers at ``url``, the camera's own where none is given.

        Raises:
            CannotOpen: nothing, or nothing good.
        """
        place = self._place if url is None else url
        if place.scheme not in ("http", "https"):
            raise CannotOpen(CameraState.BAD_CODEC, "it leads on to what is not on the web")
        login = self._login if _origin(place) == _origin(self._place) else None
        with _telling(place):
            response = self._client.send(self._client.build_request("GET", place), auth=login, stream=True)
        with closing(response):
            with self._lock:
                self._under_way = response
            if self.ended.is_set():
                raise CannotOpen(CameraState.OFFLINE, "it is no longer watched")
            if response.status_code != 200:
                state = _STATES.get(response.status_code, CameraState.OFFLINE)
                raise CannotOpen(state, f"{_shown(place)} answers with the status {response.status_code}")
            yield Answer(response)

    def end(self) -> None:
        """Ends what is under way, from any thread."""
        self.ended.set()
        with self._lock, suppress(OSError):
            if self._under_way is not None and (line := self._under_way.extensions.get("network_stream")) is not None:
                line.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._client.close()


@contextmanager
def _telling(url: httpx2.URL) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise CannotOpen(CameraState.OFFLINE, str(error)) from error
    except httpx2.TooManyRedirects as error:
        raise CannotOpen(CameraState.OFFLINE, f"{_shown(url)} leads on more than {_HOPS} times") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise CannotOpen(CameraState.OFFLINE, f"{_shown(url)} leads on to what is no address of a camera") from error
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
        problem = str(error) or type(error).__name__
        raise CannotOpen(CameraState.OFFLINE, f"{_shown(url)} cannot be read ({problem})") from error


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _shown(url: httpx2.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
