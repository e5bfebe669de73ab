"""Pins in a SQL database. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from indexer import live_rows, live_tables, statements
from indexer.database import reading, writing
from videoqa.errors import UnknownRecording
from videoqa.ports import Pin


class SqlPins:
    """Implements ``Pins`` over an engine of ``indexer.database``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, pin: Pin) -> None:
        with writing(self._engine) as connection:
            if statements.first(connection, statements.recording(pin.recording_id)) is None:
                raise UnknownRecording(name=pin.recording_id)
            connection.execute(live_tables.pins.insert(), live_rows.pin_row(pin))

    def pins(self, recordings: Collection[str] | None = None) -> tuple[Pin, ...]:
        c = live_tables.pins.c
        select = sa.select(live_tables.pins).order_by(c.at, c.id)
        if recordings is not None:
            select = select.where(statements.among(c.recording_id, frozenset(recordings)))
        with reading(self._engine) as connection:
            return tuple(map(live_rows.pin, statements.every(connection, select)))

    def remove(self, pin_id: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(live_tables.pins.delete().where(live_tables.pins.c.id == pin_id))
