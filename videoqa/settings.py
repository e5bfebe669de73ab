"""Every setting, in one frozen object read from ``VIDEOQA_*`` by the composition root alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from videoqa.errors import BadSetting

PREFIX = "VIDEOQA_"
DECODERS = ("pyav", "decord")
LANGUAGES = ("en", "zh")
LOG_FORMATS = ("json", "text")
DETAILS = ("motion", "picture", "even")
_MOST = 10**12
_LEAST_SIDE = 32


def _setting(default: object, means: str, read: Callable[[str], object] = str, expected: str = "text"):  # type: ignore[no-untyped-def]
    return field(default=default, metadata={"means": means, "read": read, "expected": expected})


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not least <= (number := int(text)) <= _MOST:
            raise ValueError
        return number

    return read


_positive = _whole(1)


def _minutes(text: str) -> int:
    if not 1 <= (number := int(text)) <= 60:
        raise ValueError
    return number


def _decoder(text: str) -> str:
    if text not in DECODERS:
        raise ValueError
    return text


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError
    return text


def _detail(text: str) -> str:
    if text not in DETAILS:
        raise ValueError
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # the folder of a continent is an OSError
        raise ValueError from error
    return text


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError
    return text == "yes"


class Secret(str):
    """Text that shows itself nowhere but where it is used."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('***')" if self else "Secret('')"


def _amount(text: str) -> float:
    if not 0 <= (amount := float(text)) <= _MOST:
        raise ValueError
    return amount


def _log_format(text: str) -> str:
    if text not in LOG_FORMATS:
        raise ValueError
    return text


def _rate(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,8}/(second|minute|hour|day)", text):
        raise ValueError
    return text


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    if not all(re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+", origin) for origin in origins):
        raise ValueError
    return origins


class Address(str):
    """A URL that does not show the name and password that may stand in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_without_user(self))


def _password(text: str) -> tuple[Secret, ...]:
    """The password in a URL, as it stands there and as it is meant."""
    found = re.search(r"//[^/?#@:]*:([^/?#\s]*)@", text)
    return () if found is None else (Secret(found[1]), Secret(unquote(found[1])))


def _without_user(text: str) -> str:
    return re.sub(r"[^/@\s]*@", "***@", text)


def _url(text: str) -> Address:
    if not text.startswith(("http://", "https://")):
        raise ValueError
    return Address(text.rstrip("/"))


_URL = "a URL that begins with http:// or https://"


def _broker(text: str) -> Address:
    if not re.fullmatch(r"mqtts?://[^/\s]+/?", text):
        raise ValueError
    return Address(text)


def _topic(text: str) -> str:
    if not re.fullmatch(r"[^+#\s/]+(/[^+#\s/]+)*", text):
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may decide. The environment variable of a field is its name in capitals behind ``VIDEOQA_``."""

    data_dir: Path | None = _setting(
        None, "the folder that holds everything kept; ~/.local/share/videoqa on Linux where empty", Path, "a folder"
    )
    database_url: str = _setting(Address(), "a PostgreSQL URL; SQLite in data_dir where empty", Address)
    embedder: str = _setting(
        Address(), "a model2vec folder, a hub name or an embedding server in place of the bundled ones", Address
    )
    embedder_key: Secret = _setting(Secret(), "the key that an embedding server asks for", Secret)
    timezone: str = _setting(
        "", "the IANA zone of 'yesterday' and 'at nine'; this machine's where empty", _zone, "an IANA time zone"
    )
    decoder: str = _setting("pyav", "what decodes: pyav or decord", _decoder, "pyav or decord")
    period_ms: int = _setting(
        1000, "milliseconds of footage a sampled frame stands for", _positive, "a whole number above 0"
    )
    long_side: int = _setting(
        768,
        "the longer side of a sampled frame in pixels",
        _whole(_LEAST_SIDE),
        f"a whole number from {_LEAST_SIDE} on",
    )
    model_url: str = _setting("", "an OpenAI-compatible server of a Qwen3-VL model, up to its /v1", _url, _URL)
    model: str = _setting("", "the name of the model there; the first one it serves where empty")
    model_key: Secret = _setting(Secret(), "the key that server asks for", Secret)
    model_fallback_url: str = _setting("", "a second, lighter server for when the first does not answer", _url, _URL)
    model_fallback: str = _setting("", "the name of the model at the second server")
    model_fallback_key: Secret = _setting(Secret(), "the key that the second server asks for", Secret)
    vllm: str = _setting("", "the Python of the environment that vLLM is installed in; videoqa's own where empty")
    model_period_ms: int = _setting(
        1000, "milliseconds of footage a frame stands for to the model", _positive, "a whole number above 0"
    )
    model_long_side: int = _setting(
        448, "the longer side of the model's frames in pixels", _whole(_LEAST_SIDE), "a whole number from 32 on"
    )
    model_detail: str = _setting(
        "",
        "what is kept longest where group_seconds do not fit one request: motion (many frames), picture (large ones) or"
        " even; groups are shorter instead where empty",
        _detail,
        f"one of {', '.join(DETAILS)}",
    )
    group_seconds: int = _setting(
        120, "seconds of footage a model is shown at once; 0 for all that its context holds", _whole(0), "0 or more"
    )
    model_patience: int = _setting(
        30, "seconds that `index` stays for a model that does not answer", _whole(0), "0 or more"
    )
    language: str = _setting("en", "the language of prompts and descriptions: en or zh", _language, "en or zh")
    prompts: Path | None = _setting(
        None, "a folder whose prompts take the place of the packaged ones", Path, "a folder"
    )
    price_in: float = _setting(0.0, "the price of a million tokens into the model", _amount, "a number from 0 on")
    price_out: float = _setting(0.0, "the price of a million tokens out of it", _amount, "a number from 0 on")
    speech_url: str = _setting("", "a server with /audio/transcriptions, up to its /v1", _url, _URL)
    speech_model: str = _setting("", "the speech model there, or the size of the faster-whisper model")
    speech_key: Secret = _setting(Secret(), "the key that the speech server asks for", Secret)
    context: int = _setting(
        262_144, "tokens of the model's context that groups are planned for", _positive, "a whole number above 0"
    )
    video_tokens: int = _setting(
        12_288,
        "vision tokens of the largest video, where the server does not tell",
        _positive,
        "a whole number above 0",
    )
    workers: int = _setting(
        2, "recordings worked on at once, and groups analysed at once in each", _positive, "a whole number above 0"
    )
    jobs_keep_days: int = _setting(
        30, "days after which jobs that have ended are forgotten", _positive, "a whole number above 0"
    )
    max_pixels: int = _setting(
        40_000_000, "pixels of the largest picture that is decoded", _positive, "a whole number above 0"
    )
    max_streams: int = _setting(
        64, "streams of the most crowded file that is opened", _positive, "a whole number above 0"
    )
    decode_memory_mb: int = _setting(
        1536, "mebibytes the decoding process may take", _positive, "a whole number above 0"
    )
    log_format: str = _setting(
        "",
        "what `serve` logs as: json or text; text on a terminal and json elsewhere where empty",
        _log_format,
        "json or text",
    )
    clip_seconds: int = _setting(600, "seconds of footage cut as one clip at most", _positive, "a whole number above 0")
    clips_mb: int = _setting(
        2048, "mebibytes of clips kept for whoever asks again", _positive, "a whole number above 0"
    )
    spool_mb: int = _setting(4096, "mebibytes of kept frames waiting for analysis", _positive, "a whole number above 0")
    rate: str = _setting(
        "6000/minute",
        "requests that a key may send, or an address where no key is asked for",
        _rate,
        "a number, a slash, and second, minute, hour or day",
    )
    upload_mb: int = _setting(
        102_400, "mebibytes of the largest file that is taken in over HTTP", _positive, "a whole number above 0"
    )
    disk_reserve_mb: int = _setting(
        512, "mebibytes of the disk that footage from outside leaves free", _whole(0), "0 or more"
    )
    fetch_private: bool = _setting(
        False, "yes: footage is fetched from addresses of this machine and its network, too", _yes_or_no, "yes or no"
    )
    camera_private: bool = _setting(
        True, "no: cameras of this machine and of private networks are not watched", _yes_or_no, "yes or no"
    )
    webhook_private: bool = _setting(
        False, "yes: webhooks are posted to addresses of this machine and its network, too", _yes_or_no, "yes or no"
    )
    mqtt_url: Address = _setting(
        Address(),
        "an MQTT broker that is told of alerts and cameras: mqtt:// or mqtts://, a name and password in it",
        _broker,
        "a URL that begins with mqtt:// or mqtts://",
    )
    mqtt_topic: str = _setting("videoqa", "what the topics there begin with", _topic, "a topic without + and #")
    mqtt_discovery: str = _setting(
        "homeassistant", "where Home Assistant looks for new devices there", _topic, "a topic without + and #"
    )
    camera_minutes: int = _setting(
        10,
        "minutes of a camera's footage in one recording, which is searchable when it has ended",
        _minutes,
        "a whole number from 1 to 60",
    )
    uploads_at_once: int = _setting(256, "uploads of one key under way at once", _positive, "a whole number above 0")
    upload_mb_a_day: int = _setting(0, "mebibytes that a key may upload in a day; all where 0", _whole(0), "0 or more")
    footage_hours_a_day: float = _setting(
        0.0, "hours of footage that a key may bring in a day; all where 0", _amount, "a number from 0 on"
    )
    origins: tuple[str, ...] = _setting(
        (),
        "other sites whose pages may use the service, with commas between",
        _origins,
        "origins like https://a.example",
    )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text in here that nobody is to read: keys, and the passwords of URLs."""
        told = [getattr(self, item.name) for item in fields(self)]
        keys = [text for text in told if isinstance(text, Secret)]
        passwords = [word for text in told if isinstance(text, Address) for word in _password(text)]
        return tuple(str(word) for word in (*keys, *passwords) if word)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """The settings in ``environment``; variables that no setting has its name from are left alone.

        Raises:
            BadSetting: a variable holds what its setting cannot be.
        """
        known = {PREFIX + item.name.upper(): item for item in fields(cls)}
        values: dict[str, object] = {}
        for name, text in environment.items():
            if not name.startswith(PREFIX) or not text:
                continue
            if name not in known:
                continue
            item = known[name]
            try:
                values[item.name] = item.metadata["read"](text)
            except ValueError as error:
                raise BadSetting(name=name, value=_without_user(text), expected=item.metadata["expected"]) from error
        return cls(**values)  # type: ignore[arg-type]
