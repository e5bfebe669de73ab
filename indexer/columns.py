"""What columns hold. Times are whole microseconds: as exact as a ``timedelta``, and comparable in SQL."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.schema import Named, TypedColumns
from sqlalchemy.types import TypeDecorator

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Microseconds(TypeDecorator[timedelta]):
    """A ``timedelta`` as whole microseconds."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else value // MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


class Instant(TypeDecorator[datetime]):
    """An aware UTC ``datetime`` as whole microseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Words(TypeDecorator[str]):
    """Text as people wrote it. What no database can hold (NUL, half a surrogate pair) becomes U+FFFD."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else self.kept(value)

    @staticmethod
    def kept(value: str) -> str:
        return value.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Name(TypeDecorator[str]):
    """An id, or another word for machines. One that no database can hold is looked for in vain, and no error."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else Words.kept(value)


class Folded(TypeDecorator[str]):
    """Words without their case, for comparing; both sides of a comparison pass through here."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else unicodedata.normalize("NFC", Words.kept(value)).casefold()


class FilePath(TypeDecorator[str]):
    """A path as the bytes the system knows it by, so that one which is no valid text is found again."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:
        return None if value is None else value.encode("utf-8", "surrogateescape")

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else value.decode("utf-8", "surrogateescape")


METADATA = sa.MetaData()


class Costs(TypedColumns):
    prompt_tokens: Named[int] = sa.Column(sa.BigInteger, default=0)
    cached_tokens: Named[int] = sa.Column(sa.BigInteger, default=0)
    completion_tokens: Named[int] = sa.Column(sa.BigInteger, default=0)
    seconds: Named[float] = sa.Column(default=0.0)
    cost: Named[float] = sa.Column(default=0.0)
    uncited: Named[int] = sa.Column(sa.BigInteger, default=0)
