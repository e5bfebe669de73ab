"""The right to a kind of work over a database that several folders share: a lock of the server's, while it is held."""

from __future__ import annotations

import zlib

import sqlalchemy as sa

from videoqa.errors import StorageError


class SqlSlot:
    """The right to the work called ``work``, held by at most one living process.

    A database of one folder has none: a lock in that folder tells all there is to tell.
    """

    def __init__(self, engine: sa.Engine, work: str) -> None:
        self._engine = engine
        self._key = zlib.crc32(f"videoqa {work}".encode())
        self._held: sa.Connection | None = None

    def take(self) -> bool:
        """True where this process holds it. The server takes it back from a connection that breaks.

        Raises:
            StorageError: the server does not answer.
        """
        if self._engine.dialect.name == "sqlite":
            return True
        if self._held is not None:
            return self._still()
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(self._key))).scalar():
                return False
            self._held = connection
            return True
        finally:
            if self._held is None:
                connection.close()

    def _still(self) -> bool:
        assert self._held is not None
        try:
            self._held.execute(sa.select(1))
        except StorageError:
            self._held.invalidate()
            self._held = None
            raise
        return True
