"""A stream of server-sent events that outlives its connection."""

from __future__ import annotations

from dataclasses import replace

from httpx2 import ServerSentEvent

from videoqa.client.flows import Call, Flow, next_event, opened, options
from videoqa.client.problems import BadReply, ClientError, Unreachable, error_of
from videoqa.client.retrying import Pauses

_KIND = "text/event-stream"


class Line:
    """Events one after another. Where the connection breaks, it is made anew behind the last one that was read."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._last = ""
        self._pauses: Pauses | None = None
        self._connected = False

    def come_back_by(self, call: Call) -> None:
        """``call`` leads to the rest of the stream."""
        self._call = call

    def next(self) -> Flow[ServerSentEvent]:
        """The next event.

        Raises:
            Unreachable: there is no connection, and the stream had not come to its end.
        """
        pauses = self._pauses = self._pauses or Pauses((yield from options()))
        while True:
            try:
                if not self._connected:
                    yield from self._connect()
                event = yield from next_event()
                if event is None:
                    raise Unreachable("The stream broke off.")
            except ClientError as error:
                self._connected = False
                yield from pauses.before_again(self._call, error)
                continue
            pauses.begin_anew()
            self._last = event.id or self._last
            return event

    def _connect(self) -> Flow[None]:
        headers = {**self._call.headers, "Accept": _KIND}
        if self._last:
            headers["Last-Event-ID"] = self._last
        reply = yield from opened(replace(self._call, headers=headers), events=True)
        if not reply.well:
            raise error_of(reply)
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _KIND:
            raise BadReply(f"The service answered with {kind or 'nothing'} in place of a stream of events.")
        self._connected = True
