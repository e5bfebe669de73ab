"""The tools, each a call of the service. A problem of the service is an error of the tool, with what to do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Image
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from videoqa.client import Answer, AsyncClient, Citation, ClientError, Proposed, Rejected
from videoqa.mcp.told import (
    AlertsTold,
    AlertTold,
    AnswerTold,
    CamerasTold,
    CameraTold,
    ClipTold,
    EventsTold,
    EventTold,
    MomentsTold,
    MomentTold,
    RecordingsTold,
    RecordingTold,
)

T = TypeVar("T")

_INSTRUCTIONS = """Recorded footage (surveillance, lectures, screen recordings) that was indexed, second by second.
Use `ask` for questions about what happened, was said or shown: it answers with moments that bear the answer out, or
says that there is no evidence. Use `search` for candidates, `list_recordings` to see what there is, `list_events` for
all that happened in one recording, `thumbnail` to see a moment yourself, `clip` to cut it out for the user. Live
cameras are told by `list_cameras`, what they show now by `camera_now`, what they gave alarm of by `list_alerts`. Cite
moments by the recording's title and time, those of a camera by its name and the wall clock. Do not claim anything that
no moment shows."""
_MOST_EVENTS = 200
_WIDTH = 960
_ALWAYS = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)

Recordings = Annotated[
    tuple[str, ...], Field(description="Ids or titles of the recordings to look in; all of them where none is given.")
]
Cameras = Annotated[
    tuple[str, ...], Field(description="Names or ids of cameras: all that these recorded is looked in.")
]
RecordingId = Annotated[str, Field(description="The recording's id, as moments and list_recordings tell it.")]
Start = Annotated[float, Field(ge=0, description="Seconds from the recording's start.")]
End = Annotated[float, Field(gt=0, description="Seconds from the recording's start.")]
Since = Annotated[
    datetime | None,
    Field(description="Only what happened then or later, where the wall clock is known: ISO 8601 with a zone."),
]
Until = Annotated[
    datetime | None,
    Field(description="Only what happened before, where the wall clock is known: ISO 8601 with a zone."),
]


def create_server(client: AsyncClient, clips: Path, version: str) -> MCPServer[Any]:
    """The server whose tools ask the service of ``client`` and put clips into the folder ``clips``."""
    server = MCPServer[Any]("videoqa", instructions=_INSTRUCTIONS, version=version, log_level="WARNING")
    tools = _Tools(client, clips)
    looking = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    reading = (tools.ask, tools.search, tools.list_recordings, tools.list_events, tools.list_cameras, tools.list_alerts)
    for tool in reading:
        server.add_tool(tool, annotations=looking, structured_output=True)
    server.add_tool(tools.thumbnail, annotations=looking)
    server.add_tool(tools.camera_now, annotations=looking)
    cutting = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    server.add_tool(tools.clip, annotations=cutting, structured_output=True)
    return server


class _Tools:
    def __init__(self, client: AsyncClient, clips: Path) -> None:
        self._client = client
        self._clips = clips

    async def ask(
        self,
        context: Context,
        question: Annotated[str, Field(description="In a few plain words, one thing at a time.")],
        *,
        recordings: Recordings = (),
        cameras: Cameras = (),
        since: Since = None,
        until: Until = None,
    ) -> AnswerTold:
        """Answer a question about the footage with the moments that bear the answer out.

        A question holds times as well ("yesterday after nine", "in the first ten minutes"). It may take up to a
        minute where a model looks at the footage again.
        """
        told = count(1)
        with _told():
            between = _between(since, until)
            parts = self._client.ask_stream(question, recordings=recordings, cameras=cameras, between=between)
            async with aclosing(parts):
                async for part in parts:
                    if isinstance(part, Answer):
                        return AnswerTold.of(part)
                    if isinstance(part, Proposed | Rejected | Citation):
                        await context.report_progress(next(told), message=_step(part))
        raise ToolError("The service ended its answer before its end; ask again.")

    async def search(
        self,
        words: Annotated[str, Field(description="What to look for: words that were said, shown, or describe it.")],
        *,
        recordings: Recordings = (),
        cameras: Cameras = (),
        since: Since = None,
        until: Until = None,
        limit: Annotated[int, Field(ge=1, le=100)] = 10,
    ) -> MomentsTold:
        """Find the moments nearest to some words, the best first. Quick; nothing is checked: use ask for a verdict."""
        with _told():
            between = _between(since, until)
            found = await self._client.search(
                words, recordings=recordings, cameras=cameras, between=between, limit=limit
            )
        return MomentsTold(moments=tuple(map(MomentTold.of, found)))

    async def list_recordings(
        self,
        *,
        title: Annotated[str | None, Field(description="A part of the title.")] = None,
        tag: str | None = None,
        camera: str | None = None,
        state: Annotated[str | None, Field(description="queued, indexing, indexed or failed.")] = None,
        since: Since = None,
        until: Until = None,
        limit: Annotated[int, Field(ge=1, le=200)] = 50,
    ) -> RecordingsTold:
        """List the recordings there are, those added last first; since and until bound when they began."""
        with _told():
            found = self._client.recordings(
                title=title, tag=tag, camera=camera, state=state, started_from=since, started_before=until
            )
            recordings, more = await _first(found, limit)
        return RecordingsTold(recordings=tuple(map(RecordingTold.of, recordings)), more=more)

    async def list_events(
        self,
        recording_id: RecordingId,
        start: Start = 0.0,
        end: Annotated[float | None, Field(gt=0, description="Seconds; to the end where none is given.")] = None,
        label: Annotated[str | None, Field(description="A part of the label.")] = None,
    ) -> EventsTold:
        """List what happened in a recording, in order of time."""
        with _told():
            found = self._client.recording_events(recording_id, start=start, end=end, label=label)
            events, more = await _first(found, _MOST_EVENTS)
        return EventsTold(events=tuple(map(EventTold.of, events)), more=more)

    async def thumbnail(self, recording_id: RecordingId, at: Start) -> Image:
        """Show the picture of a recording at a time."""
        with _told(), TemporaryDirectory() as folder:
            path = await self._client.thumbnail(recording_id, Path(folder) / "frame.jpg", seconds=at, width=_WIDTH)
            return Image(data=path.read_bytes(), format="jpeg")

    async def list_cameras(self) -> CamerasTold:
        """List the cameras there are, and how each is."""
        with _told():
            found = [CameraTold.of(camera) async for camera in self._client.cameras()]
        return CamerasTold(cameras=tuple(found))

    async def camera_now(self, camera: Annotated[str, Field(description="Its name or id.")]) -> Image:
        """Show what a camera shows now."""
        with _told(), TemporaryDirectory() as folder:
            path = await self._client.snapshot(camera, Path(folder) / "now.jpg")
            return Image(data=path.read_bytes(), format="jpeg")

    async def list_alerts(
        self,
        *,
        camera: Annotated[str | None, Field(description="Only of this camera: its name or id.")] = None,
        severity: Annotated[str | None, Field(description="low, medium or high.")] = None,
        since: Since = None,
        until: Until = None,
        limit: Annotated[int, Field(ge=1, le=200)] = 20,
    ) -> AlertsTold:
        """List what the rules of cameras told of, the youngest first."""
        with _told():
            found = self._client.alerts(
                cameras=[] if camera is None else [camera],
                severities=[] if severity is None else [severity],
                since=since,
                until=until,
            )
            alerts, more = await _first(found, limit)
        return AlertsTold(alerts=tuple(map(AlertTold.of, alerts)), more=more)

    async def clip(self, recording_id: RecordingId, start: Start, end: End) -> ClipTold:
        """Cut a stretch out of a recording: an MP4 file on this machine, which the user can play."""
        with _told():
            recording = await self._client.recording(recording_id)
            self._clips.mkdir(parents=True, exist_ok=True)
            path = self._clips / f"{recording.digest[:16]}-{start:.3f}-{end:.3f}.mp4"
            cut = await self._client.clip(recording_id, path, start=start, end=end)
        return ClipTold(path=str(cut.path), recording_id=recording.id, start=cut.start, end=cut.end)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (ClientError, ValueError, OSError) as error:
        raise ToolError(str(error)) from error


def _between(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime] | None:
    if since is None and until is None:
        return None
    return since or _ALWAYS[0], until or _ALWAYS[1]


def _step(part: Proposed | Rejected | Citation) -> str:
    moment = part.moment
    where = f"{moment.recording.title} at {MomentTold.of(moment).at}"
    match part:
        case Proposed():
            return f"looking at {where}"
        case Rejected():
            return f"not {where}: {part.sentence}"
        case Citation():
            return f"{where}: {part.sentence}"


async def _first(items: AsyncGenerator[T, None], limit: int) -> tuple[list[T], bool]:
    """The first ``limit`` of them, and whether there are more."""
    found: list[T] = []
    async with aclosing(items):
        async for item in items:
            if len(found) == limit:
                return found, True
            found.append(item)
    return found, False
