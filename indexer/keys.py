"""Access keys in a SQL database. Every method is one transaction."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

import sqlalchemy as sa

from indexer import service_rows, service_tables, statements
from indexer.database import reading, writing
from indexer.ids import fresh_id
from videoqa.access import Key, Role, Scope
from videoqa.errors import NameTaken, UnknownKey

PREFIX = "vqa_"
"""What every secret begins with, so that it is known for one wherever it turns up."""
# Asked with every request: to make a statement takes as long as to carry it out.
_SENT = sa.bindparam("sent", type_=service_tables.keys.c.digest.type)
_HELD = sa.select(service_tables.keys).where(
    service_tables.keys.c.digest == _SENT, service_tables.keys.c.revoked_at.is_(None)
)


class SqlKeys:
    """Implements ``Keys`` over an engine of ``indexer.database``.

    A secret has 256 bits of chance, so its plain SHA-256 gives nothing away, and looking that up by an index tells a
    watch nothing that would help to guess another.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def create(self, name: str, role: Role, scope: Scope) -> tuple[Key, str]:
        c = service_tables.keys.c
        secret = PREFIX + secrets.token_urlsafe(32)
        key = Key(fresh_id(), name, role, scope, datetime.now(UTC))
        with writing(self._engine) as connection:
            namesake = sa.select(c.id).where(c.name == name, c.revoked_at.is_(None))
            if statements.first(connection, namesake) is not None:
                raise NameTaken(name=name)
            connection.execute(service_tables.keys.insert(), {**service_rows.key_row(key), "digest": _digest(secret)})
            return service_rows.key(
                statements.only(connection, sa.select(service_tables.keys).where(c.id == key.id))
            ), secret

    def keys(self) -> tuple[Key, ...]:
        c = service_tables.keys.c
        with reading(self._engine) as connection:
            every = statements.every(connection, sa.select(service_tables.keys).order_by(c.created_at, c.id))
        return tuple(service_rows.key(row) for row in every)

    def revoke(self, name_or_id: str) -> Key:
        c = service_tables.keys.c
        called = sa.select(service_tables.keys).where(
            c.revoked_at.is_(None), sa.or_(c.id == name_or_id, c.name == name_or_id)
        )
        with writing(self._engine) as connection:
            # A key may be named like another's id; the id is the surer word.
            found = sorted(statements.every(connection, called), key=lambda row: bool(row["id"] != name_or_id))
            if not found:
                raise UnknownKey(name=name_or_id)
            key_id = found[0]["id"]
            connection.execute(statements.this(service_tables.keys, key_id), {"revoked_at": datetime.now(UTC)})
            return service_rows.key(statements.only(connection, sa.select(service_tables.keys).where(c.id == key_id)))

    def holder(self, secret: str) -> Key | None:
        with reading(self._engine) as connection:
            row = connection.execute(_HELD, {"sent": _digest(secret)}).mappings().first()
        return None if row is None else service_rows.key(row)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
