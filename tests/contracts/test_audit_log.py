"""What every audit log does."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from indexer.audit_log import SqlAuditLog
from videoqa.ports import AuditLog, Deed

DEED = Deed(
    at=datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
    key_id="k1",
    key_name="gate",
    address="::1",
    action="DELETE /v1/recordings/{recording_id}",
    subject="门'\"; DROP TABLE deeds; --",
    request_id="r1",
    outcome=204,
)


@pytest.fixture
def audit(engine: sa.Engine) -> AuditLog:
    return SqlAuditLog(engine)


def done(audit: AuditLog, seconds: Sequence[int]) -> list[Deed]:
    deeds = [
        replace(DEED, at=DEED.at + timedelta(seconds=second), request_id=str(number))
        for number, second in enumerate(seconds)
    ]
    for deed in deeds:
        audit.write(deed)
    return deeds


def test_a_deed_comes_back_as_it_was_written(audit: AuditLog) -> None:
    assert audit.deeds() == ()
    audit.write(DEED)
    audit.write(DEED)
    assert audit.deeds() == (DEED, DEED)


def test_the_youngest_come_first_and_those_of_one_instant_in_the_order_they_were_done(audit: AuditLog) -> None:
    first, second, third, late = done(audit, [1, 2, 2, 0])
    assert audit.deeds() == (third, second, first, late)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_hold_every_deed_once_also_those_of_one_instant(audit: AuditLog, limit: int) -> None:
    deeds = done(audit, [0, 1, 1, 1, 2, 3, 3, 4])
    found, before = list[Deed](), None
    while page := audit.deeds(before, limit):
        found += page
        before = page[-1].at
    assert found == deeds[::-1]


def test_all_that_many_do_at_once_is_written(audit: AuditLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: audit.write(replace(DEED, request_id=str(number))), range(40)))
    assert {deed.request_id for deed in audit.deeds()} == {str(number) for number in range(40)}
