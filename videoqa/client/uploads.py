"""Footage brought to the service: resumable by tus 1.0 (https://tus.io/protocols/resumable-upload), or by address."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256

from videoqa.client.documents import Recording, read
from videoqa.client.downloads import OnProgress
from videoqa.client.flows import Call, Flow, Reply, at, options, pause, worked
from videoqa.client.footage import instant, recording
from videoqa.client.outgoing import File, Outgoing, UploadNote
from videoqa.client.problems import (
    BadReply,
    BadRequest,
    Changed,
    ClientError,
    IndexingFailed,
    NotFound,
    ProblemError,
    TooLarge,
    Unreachable,
)
from videoqa.client.retrying import Pauses, answered, asked
from videoqa.client.subtitles import put_subtitles

_LEAST = 2**18
_LOOK = 0.5
_TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Footage on its way in: ``offset`` of its ``length`` bytes are there. ``recording`` is the id of what it became.

    ``problem`` says why it will not become anything.
    """

    id: str
    offset: int
    length: int | None
    recording: str | None
    problem: str | None
    created_at: datetime
    expires_at: datetime


def upload(
    file: File,
    *,
    title: str | None = None,
    started_at: datetime | None = None,
    prompt: str | None = None,
    tags: Sequence[str] = (),
    priority: int | None = None,
    subtitles: Sequence[File] = (),
    on_progress: OnProgress | None = None,
) -> Flow[Recording]:
    """Sends footage: a path, or an open binary file that can seek. When this returns, the service loses it no more.

    ``priority`` 0 comes first, 9 last. What a broken connection or a dead process leaves behind is gone on with: call
    it with the same file again. Each part is sent with its checksum. ``subtitles`` are files with what is said in it.

    Raises:
        Changed: the file changed while it was sent.
    """
    with closing((yield from worked(partial(Outgoing, file)))) as outgoing:
        told = _told(title, started_at, prompt, tags, priority)
        given = yield from options()
        note = UploadNote(given.folder, outgoing.fingerprint(given.url, told))
        try:
            upload_id, offset = yield from _begun(outgoing, note, {"filename": outgoing.name, **told})
            yield from _sent(outgoing, upload_id, offset, on_progress)
            taken = yield from _become(upload_id)
        except (Unreachable, ProblemError) as error:
            if not _may_go_on(error):
                yield from worked(note.forget)
            raise
        yield from worked(note.forget)
    for each in subtitles:
        yield from put_subtitles(taken, each)
    return (yield from recording(taken))


def upload_url(
    url: str,
    *,
    title: str | None = None,
    started_at: datetime | None = None,
    prompt: str | None = None,
    tags: Sequence[str] = (),
    priority: int | None = None,
    on_progress: OnProgress | None = None,
) -> Flow[Recording]:
    """Has the service fetch footage from an address, and waits until it is there.

    Raises:
        IndexingFailed: it could not be fetched; the message says why.
    """
    body: dict[str, object] = {"url": url, **_told(title, started_at, prompt, (), priority), "tags": list(tags)}
    if priority is not None:
        body["priority"] = priority
    begun = read(Upload, (yield from answered(Call("POST", "/v1/recordings", json=body))))
    return (yield from recording((yield from _become(begun.id, on_progress))))


def _begun(outgoing: Outgoing, note: UploadNote, metadata: Mapping[str, str]) -> Flow[tuple[str, int]]:
    """The id of the upload and where it stands: the noted one, or a new one."""
    upload_id = yield from worked(note.read)
    if upload_id:
        try:
            return upload_id, (yield from _offset(upload_id, outgoing.size))
        except (NotFound, Changed):
            yield from worked(note.forget)
    headers = {
        **_TUS,
        "Upload-Length": str(outgoing.size),
        "Upload-Metadata": ",".join(f"{name} {b64encode(text.encode()).decode()}" for name, text in metadata.items()),
    }
    # One that nobody heard of is swept by the service.
    reply = yield from answered(Call("POST", "/v1/uploads", headers=headers, harmless=True))
    # The id alone is taken: behind a proxy the service may call itself what nobody else does.
    upload_id = reply.headers.get("location", "").rstrip("/").rpartition("/")[2]
    if not upload_id:
        raise BadReply("The service began an upload and did not say which.")
    yield from worked(partial(note.write, upload_id))
    return upload_id, 0


def _sent(outgoing: Outgoing, upload_id: str, offset: int, on_progress: OnProgress | None) -> Flow[None]:
    pauses = Pauses((yield from options()))
    part = most = (yield from options()).chunk_bytes
    while offset < outgoing.size:
        block = yield from worked(partial(outgoing.read, offset, part))
        call = _patch(upload_id, offset, block)
        try:
            reply = yield from asked(call)
        except ClientError as error:
            yield from pauses.before_again(call, error)
            offset = yield from _offset(upload_id, outgoing.size)
            # A part counts as a whole: on a line that breaks often, large ones would never be through.
            part = max(part // 2, min(_LEAST, most))
            continue
        if _whole(reply, "upload-offset") != offset + len(block):
            raise BadReply("The service took another number of bytes than it was sent.")
        offset += len(block)
        part = min(2 * part, most)
        pauses.begin_anew()
        if on_progress is not None:
            on_progress(offset, outgoing.size)


def _patch(upload_id: str, offset: int, block: bytes) -> Call:
    headers = {
        **_TUS,
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": str(offset),
        "Upload-Checksum": f"sha256 {b64encode(sha256(block).digest()).decode()}",
    }
    # Its offset is asked for before it is sent again.
    return Call("PATCH", at("/v1/uploads/{}", upload_id), headers=headers, content=block, harmless=True)


def _offset(upload_id: str, size: int) -> Flow[int]:
    """How many bytes of it the service has.

    Raises:
        Changed: it is of a file of another size.
    """
    reply = yield from answered(Call("HEAD", at("/v1/uploads/{}", upload_id), headers=_TUS))
    if _whole(reply, "upload-length") != size or (offset := _whole(reply, "upload-offset")) > size:
        raise Changed("The service knows this upload as that of another file.")
    return offset


def _become(upload_id: str, on_progress: OnProgress | None = None) -> Flow[str]:
    """The id of the recording that the upload becomes."""
    while True:
        upload = read(Upload, (yield from answered(Call("GET", at("/v1/uploads/{}", upload_id)))))
        if on_progress is not None:
            on_progress(upload.offset, upload.length)
        if upload.recording is not None:
            return upload.recording
        if upload.problem is not None:
            raise IndexingFailed(upload.problem)
        yield from pause(_LOOK)


def _may_go_on(error: ClientError) -> bool:
    """Whether the same upload may come to its end at another time."""
    return not isinstance(error, NotFound | BadRequest | TooLarge)


def _told(
    title: str | None, started_at: datetime | None, prompt: str | None, tags: Sequence[str], priority: int | None
) -> dict[str, str]:
    told = {
        "title": title,
        "started_at": instant(started_at),
        "prompt": prompt,
        "tags": ",".join(tags) or None,
        "priority": None if priority is None else str(priority),
    }
    return {name: text for name, text in told.items() if text is not None}


def _whole(reply: Reply, header: str) -> int:
    text = reply.headers.get(header, "")
    if not text.isdecimal():
        raise BadReply(f"The service did not say {header} of an upload.")
    return int(text)
