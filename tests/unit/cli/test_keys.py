"""The commands about keys: the secret is printed once and alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from videoqa import bootstrap
from videoqa.access import Scope
from videoqa.cli import FOUND, NOTHING_FOUND
from videoqa.cli.keys import create, list_keys, revoke
from videoqa.errors import BadSetting, NameTaken, UnknownKey


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("VIDEOQA_DATA_DIR", str(tmp_path))
    bootstrap.house.cache_clear()
    yield
    bootstrap.house.cache_clear()


def test_a_secret_is_all_that_is_printed_and_opens_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert create("gate", "viewer", ["a", "b"], ["gate-1"]) == FOUND
    printed = capsys.readouterr()
    secret = printed.out.removesuffix("\n")
    key = bootstrap.house().keys.holder(secret)
    assert key is not None
    assert (key.name, key.role, key.scope) == ("gate", "viewer", Scope(frozenset("ab"), frozenset({"gate-1"})))
    assert secret not in printed.err
    assert "tag a, tag b, camera gate-1" in printed.err


def test_keys_are_listed_without_their_secrets_and_revoked_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert list_keys() == NOTHING_FOUND
    create("one", "admin")
    secret = capsys.readouterr().out.strip()
    assert list_keys() == FOUND
    line = capsys.readouterr().out
    assert "one" in line
    assert "admin, every recording" in line
    assert secret not in line
    assert revoke("one") == FOUND
    assert bootstrap.house().keys.holder(secret) is None
    capsys.readouterr()
    list_keys(as_json=True)
    (document,) = json.loads(capsys.readouterr().out)
    assert document["revoked_at"] is not None
    with pytest.raises(UnknownKey):
        revoke("one")


def test_a_name_is_in_force_once() -> None:
    create("one", "viewer")
    with pytest.raises(NameTaken):
        create("one", "admin")
    revoke("one")
    assert create("one", "admin") == FOUND


@pytest.mark.parametrize(
    ("name", "role", "tags"),
    [("", "viewer", []), ("a\nb", "viewer", []), ("x" * 101, "viewer", []), ("a", "god", []), ("a", "viewer", [" "])],
)
def test_what_is_no_name_or_role_is_told(name: str, role: str, tags: list[str]) -> None:
    with pytest.raises(BadSetting):
        create(name, role, tags)


def test_what_is_done_with_keys_stands_in_the_audit_log(capsys: pytest.CaptureFixture[str]) -> None:
    create("one", "admin")
    revoke("one")
    (key,) = bootstrap.house().keys.keys()
    deeds = [(deed.action, deed.subject, deed.key_name) for deed in reversed(bootstrap.house().audit.deeds())]
    assert deeds == [("videoqa keys create", key.id, "local"), ("videoqa keys revoke", key.id, "local")]
    assert capsys.readouterr().out.strip() not in str(bootstrap.house().audit.deeds())
