"""The clients: every operation once, for both."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Self, Unpack

import httpx2

from videoqa.client import (
    alerts,
    asking,
    books,
    cameras,
    downloads,
    footage,
    pins,
    rules,
    subtitles,
    uploads,
    webhooks,
    work,
)
from videoqa.client.driving import Awaiting, Blocking, many, once
from videoqa.client.flows import Options, Tuning

DEFAULT_URL = "http://127.0.0.1:8080"


class Operations:
    """What both clients do."""

    recordings = many(footage.recordings)
    recording = once(footage.recording)
    change = once(footage.change)
    remove = once(footage.remove)
    recording_events = many(footage.recording_events)
    chapters = many(footage.chapters)
    coverage = many(footage.coverage)
    upload = once(uploads.upload)
    upload_url = once(uploads.upload_url)
    ask = once(asking.ask)
    ask_stream = many(asking.ask_stream)
    come_back = many(asking.come_back)
    search = once(asking.search)
    content = once(downloads.content)
    clip = once(downloads.clip)
    thumbnail = once(downloads.thumbnail)
    captions = once(downloads.captions)
    put_subtitles = once(subtitles.put_subtitles)
    remove_subtitles = once(subtitles.remove_subtitles)
    subtitle_file = once(downloads.subtitle_file)
    jobs = many(work.jobs)
    job = once(work.job)
    cancel = once(work.cancel)
    retry = once(work.retry)
    progress = many(work.progress)
    wait_until_indexed = once(work.wait_until_indexed)
    events = many(books.events)
    feedback = once(books.feedback)
    judged = many(books.judged)
    usage = once(books.usage)
    keys = many(books.keys)
    create_key = once(books.create_key)
    revoke_key = once(books.revoke_key)
    deeds = many(books.deeds)
    camera = once(cameras.camera)
    add_camera = once(cameras.add_camera)
    change_camera = once(cameras.change_camera)
    remove_camera = once(cameras.remove_camera)
    snapshot = once(cameras.snapshot)
    timeline = once(cameras.timeline)
    rule = once(rules.rule)
    add_rule = once(rules.add_rule)
    change_rule = once(rules.change_rule)
    remove_rule = once(rules.remove_rule)
    try_rule = once(rules.try_rule)
    alert = once(alerts.alert)
    acknowledge = once(alerts.acknowledge)
    comment = once(alerts.comment)
    false_alarm = once(alerts.false_alarm)
    watch = many(alerts.watch)
    pin = once(pins.pin)
    unpin = once(pins.unpin)
    webhook = once(webhooks.webhook)
    add_webhook = once(webhooks.add_webhook)
    switch_webhook = once(webhooks.switch_webhook)
    remove_webhook = once(webhooks.remove_webhook)
    # The last of those that are named by its module: it takes that name here.
    subtitles = many(subtitles.subtitles)
    cameras = many(cameras.cameras)
    rules = many(rules.rules)
    alerts = many(alerts.alerts)
    pins = many(pins.pins)
    webhooks = many(webhooks.webhooks)

    _options: Options

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._options.url!r})"


class Client(Operations, Blocking):
    """A client of the service at ``url``, or at VIDEOQA_URL, whose calls return when they are done.

    ``key`` is VIDEOQA_KEY where none is given. ``tuning`` are fields of ``Options``. ``transport`` takes the place of a
    connection.
    """

    def __init__(
        self, url: str = "", key: str = "", *, transport: httpx2.BaseTransport | None = None, **tuning: Unpack[Tuning]
    ) -> None:
        options = Options(url=_address(url), **tuning)
        super().__init__(httpx2.Client(**_settings(options, key), transport=transport), options)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class AsyncClient(Operations, Awaiting):
    """A ``Client`` whose calls are awaited, and whose lists and streams are iterated by ``async for``.

    What is left before its end is closed by ``contextlib.aclosing``, or else whenever the event loop finds it.
    """

    def __init__(
        self,
        url: str = "",
        key: str = "",
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        **tuning: Unpack[Tuning],
    ) -> None:
        options = Options(url=_address(url), **tuning)
        super().__init__(httpx2.AsyncClient(**_settings(options, key), transport=transport), options)

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()


def _address(given: str) -> str:
    """Where the service is, without a slash at its end.

    Raises:
        ValueError: it is no address, or holds a name and password, which errors would show.
    """
    text = (given or os.environ.get("VIDEOQA_URL") or DEFAULT_URL).strip().rstrip("/")
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise ValueError(f"the service's address cannot be read ({error})") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("the service's address begins with http:// or https:// and names a host")
    if url.userinfo:
        raise ValueError("the service's address holds a name or password; give a key instead")
    return text


def _settings(options: Options, given: str) -> Mapping[str, Any]:
    """What either of httpx2's clients is made with.

    Raises:
        ValueError: the key cannot be one; it is not shown.
    """
    key = (given or os.environ.get("VIDEOQA_KEY", "")).strip()
    if not re.fullmatch(r"[\x21-\x7e]*", key):
        raise ValueError("the key holds characters that no key has")
    headers = {"User-Agent": f"videoqa/{version('videoqa')}"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    # A proxy of the environment would look for this machine's service on its own.
    elsewhere = httpx2.URL(options.url).host not in ("127.0.0.1", "::1", "localhost")
    return {"base_url": options.url, "headers": headers, "trust_env": elsewhere}
