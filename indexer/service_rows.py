"""From a row of ``indexer.service_tables`` to a type and back; nowhere else."""

from __future__ import annotations

from dataclasses import asdict, fields

from indexer.rows import Row, usage, usage_row
from videoqa.access import Key, Role, Scope
from videoqa.ports import Deed, GivenAnswer


def key_row(key: Key) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        "tags": sorted(key.scope.tags),
        "cameras": sorted(key.scope.cameras),
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def key(row: Row) -> Key:
    scope = Scope(frozenset(row["tags"]), frozenset(row["cameras"]))
    return Key(row["id"], row["name"], Role(row["role"]), scope, row["created_at"], row["revoked_at"])


def answer_row(given: GivenAnswer) -> dict[str, object]:
    return {
        "id": given.id,
        "owner": given.owner,
        "asked_at": given.asked_at,
        "question": given.question,
        "document": given.document,
        **usage_row(given.usage),
        "verdict": given.right,
        "note": given.note,
    }


def answer(row: Row) -> GivenAnswer:
    return GivenAnswer(
        id=row["id"],
        owner=row["owner"],
        asked_at=row["asked_at"],
        question=row["question"],
        document=row["document"],
        usage=usage(row),
        right=row["verdict"],
        note=row["note"],
    )


def deed_row(deed: Deed) -> dict[str, object]:
    return asdict(deed)


def deed(row: Row) -> Deed:
    return Deed(**{name: row[name] for name in _DEED})


_DEED = tuple(field.name for field in fields(Deed))
