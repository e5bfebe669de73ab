"""What `doctor` tells: every part looked for, and tried where that is quick; the remedy where it does not work."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from indexer.embedding import BUNDLED
from videoqa.errors import VideoqaError
from videoqa.health import Check

if TYPE_CHECKING:
    from videoqa.bootstrap import House

_MEBIBYTE = 2**20


def checks(house: House) -> tuple[Check, ...]:
    """Every check, the indispensable parts first."""
    return (
        Check(
            "videoqa", works=True, detail=f"{version('videoqa')} on Python {platform.python_version()}, {sys.platform}"
        ),
        _data(house),
        _database(house),
        _decoder(house),
        _confinement(),
        _confinement_of_cameras(),
        _text_reader(),
        _embeddings(house),
        _signals(),
        model_check(house),
        speech_check(house),
        _extra("decord", "decord", "the second decoder"),
        _extra("postgres", "psycopg", "PostgreSQL in place of SQLite"),
        _extra("telemetry", "opentelemetry.sdk", "traces, where OTEL_EXPORTER_OTLP_ENDPOINT is set"),
        _disk(house),
        _service(house),
    )


def _data(house: House) -> Check:
    remedy = "set VIDEOQA_DATA_DIR to a folder that can be written"
    try:
        probe = house.folder / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except VideoqaError as error:
        return Check("data", works=False, detail=str(error), broken=True)
    except OSError as error:
        return Check("data", works=False, detail=f"{house.folder}: {error.strerror}", remedy=remedy, broken=True)
    return Check("data", works=True, detail=str(house.folder))


def _database(house: House) -> Check:
    try:
        count = len(house.archive.recordings())
    except VideoqaError as error:
        return Check("database", works=False, detail=str(error), broken=True)
    return Check("database", works=True, detail=f"{house.engine.dialect.name}, {count} recordings")


def _decoder(house: House) -> Check:
    package = {"pyav": "av", "decord": "decord2"}[house.settings.decoder]
    try:
        return Check("decoder", works=True, detail=f"{package} {version(package)}")
    except PackageNotFoundError:
        remedy = 'pip install "videoqa[decord]", or unset VIDEOQA_DECODER'
        return Check("decoder", works=False, detail=f"{package} is not installed", remedy=remedy, broken=True)


def _confinement() -> Check:
    from ingest.sandbox import confinement

    try:
        measures = confinement()
    except VideoqaError as error:
        return Check("confinement", works=False, detail=str(error), broken=True)
    return Check("confinement", works=bool(measures), detail=", ".join(measures) or "footage is opened unconfined")


def _confinement_of_cameras() -> Check:
    from ingest.camera.measures import confinement

    name = "confinement of cameras"
    try:
        measures = confinement()
    except VideoqaError as error:
        return Check(name, works=False, detail=str(error), broken=True)
    return Check(name, works=bool(measures), detail=", ".join(measures) or "cameras are opened unconfined")


def _text_reader() -> Check:
    try:
        detail = f"rapidocr {version('rapidocr')}, its bundled models: English and Chinese slides"
        return Check("text on screen", works=True, detail=detail)
    except PackageNotFoundError:
        return Check(
            "text on screen", works=False, detail="rapidocr is missing", remedy="pip install rapidocr", broken=True
        )


def _embeddings(house: House) -> Check:
    detail = f"{house.embedder.name}, {house.embedder.dimensions} dimensions"
    if house.settings.embedder and house.embedder.name.startswith(BUNDLED):
        remedy = "set VIDEOQA_EMBEDDER to a model2vec folder or a server that is here, or unset it"
        return Check("meaning of words", works=False, detail=f"{detail}, in place of what was asked for", remedy=remedy)
    return Check("meaning of words", works=True, detail=detail)


def _signals() -> Check:
    return Check(
        "what is seen",
        works=True,
        detail="slides and their text, subtitles, shot changes, and that, where and how strongly something moves; "
        "without a model it cannot name objects, people or actions",
    )


def model_check(house: House) -> Check:
    """Whether a model looks at footage."""
    remedy = "start one with `videoqa model serve`, or set VIDEOQA_MODEL_URL"
    if house.model is None:
        return Check("model", works=False, detail="none is set; what is seen, signals see", remedy=remedy, off=True)
    status = house.model.server.status()
    if not status.up or status.problem or not status.model:
        problem = status.problem or "it names no model; does the URL end in /v1?"
        return Check("model", works=False, detail=f"{status.url}: {problem}", remedy=remedy)
    return Check(
        "model", works=True, detail=f"{status.model} at {status.url}, {status.context or '?'} tokens of context"
    )


def speech_check(house: House) -> Check:
    """Whether speech is written down."""
    if house.transcriber is None:
        remedy = 'set VIDEOQA_SPEECH_URL, or pip install "videoqa[speech]" and set VIDEOQA_SPEECH_MODEL'
        detail = "speech is not transcribed; it is found through subtitles alone"
        return Check("speech", works=False, detail=detail, remedy=remedy, off=True)
    try:
        return Check("speech", works=True, detail=f"transcribed by {house.transcriber.describe()}")
    except VideoqaError as error:
        return Check("speech", works=False, detail=f"speech is not transcribed: {error}")


def _disk(house: House) -> Check:
    try:
        free = shutil.disk_usage(house.folder).free
    except (OSError, VideoqaError) as error:
        return Check("disk", works=False, detail=str(error), broken=True)
    reserve = house.settings.disk_reserve_mb * _MEBIBYTE
    detail = f"{free / 2**30:.1f} GiB free; `serve` leaves {reserve / 2**30:.1f} of them"
    remedy = "remove recordings, or set VIDEOQA_DATA_DIR to a larger disk"
    return Check("disk", works=free > reserve, detail=detail, remedy=remedy)


def _service(house: House) -> Check:
    from indexer.keys import SqlKeys

    try:
        count = sum(key.revoked_at is None for key in SqlKeys(house.engine).keys())  # noqa: SIM118  a port's method
    except VideoqaError as error:
        return Check("service", works=False, detail=str(error), broken=True)
    if count:
        return Check("service", works=True, detail=f"`videoqa serve` asks for a key; {count} are in force")
    detail = "`videoqa serve` asks for no key, and serves this machine alone"
    return Check("service", works=True, detail=detail)


def _extra(extra: str, module: str, means: str) -> Check:
    if _is_there(module):
        return Check(extra, works=True, detail=f"{means}: installed")
    return Check(extra, works=False, detail=f"{means}: not installed", remedy=f'pip install "videoqa[{extra}]"')


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of what it is a part of
        return False
