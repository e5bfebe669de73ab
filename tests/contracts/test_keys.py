"""What every keeper of keys does."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from indexer.database import reading
from indexer.keys import SqlKeys
from videoqa.access import Key, Role, Scope
from videoqa.errors import NameTaken, UnknownKey
from videoqa.ports import Keys

GATE = Scope(tags=frozenset({"hall", "门"}), cameras=frozenset({"gate-1"}))


@pytest.fixture
def keys(engine: sa.Engine) -> Keys:
    return SqlKeys(engine)


def test_a_key_is_held_by_whoever_has_its_secret(keys: Keys) -> None:
    key, secret = keys.create("gate", Role.VIEWER, GATE)
    assert (key.name, key.role, key.scope, key.revoked_at) == ("gate", Role.VIEWER, GATE, None)
    assert abs(key.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert keys.holder(secret) == key
    assert keys.keys() == (key,)


def test_secrets_are_long_and_like_no_other(keys: Keys) -> None:
    made = {keys.create(f"key {number}", Role.ADMIN, Scope())[1] for number in range(10)}
    assert len(made) == 10
    assert all(re.fullmatch(r"vqa_[A-Za-z0-9_-]{43}", secret) for secret in made)


def test_nothing_but_the_whole_secret_opens(keys: Keys) -> None:
    key, secret = keys.create("gate", Role.VIEWER, Scope())
    wrong = ["", "vqa_", secret[:-1], secret + "=", secret.upper(), " " + secret, key.id, key.name, "\0", "\ud800"]
    assert [keys.holder(each) for each in wrong] == [None] * len(wrong)


def test_the_secret_is_nowhere_in_the_database(keys: Keys, engine: sa.Engine) -> None:
    _, secret = keys.create("gate", Role.VIEWER, Scope())
    with reading(engine) as connection:
        kept = connection.execute(sa.text("SELECT * FROM keys")).all()
    assert secret not in repr(kept)
    assert secret.removeprefix("vqa_") not in repr(kept)


def test_a_name_is_free_again_once_its_key_is_revoked(keys: Keys) -> None:
    first, old_secret = keys.create("gate", Role.VIEWER, Scope())
    with pytest.raises(NameTaken, match="gate"):
        keys.create("gate", Role.ADMIN, Scope())
    revoked = keys.revoke("gate")
    second, secret = keys.create("gate", Role.ADMIN, Scope())
    assert (revoked.id, second.role) == (first.id, Role.ADMIN)
    assert keys.holder(old_secret) is None
    assert keys.holder(secret) == second


def test_a_revoked_key_opens_nothing_and_is_still_listed(keys: Keys) -> None:
    key, secret = keys.create("gate", Role.VIEWER, GATE)
    other, other_secret = keys.create("hall", Role.VIEWER, Scope())
    revoked = keys.revoke(key.id)
    assert revoked.revoked_at is not None
    assert keys.holder(secret) is None
    assert keys.holder(other_secret) == other
    assert keys.keys() == (revoked, other)


@pytest.mark.parametrize("name", ["nobody", "", "gate%", "GATE", "\0"])
def test_a_key_that_is_not_in_force_cannot_be_revoked(keys: Keys, name: str) -> None:
    keys.create("gate", Role.VIEWER, Scope())
    with pytest.raises(UnknownKey):
        keys.revoke(name)
    keys.revoke("gate")
    with pytest.raises(UnknownKey):
        keys.revoke("gate")


def test_an_id_is_a_surer_word_than_a_name(keys: Keys) -> None:
    meant, _ = keys.create("gate", Role.VIEWER, Scope())
    keys.create(meant.id, Role.VIEWER, Scope())
    assert keys.revoke(meant.id).name == "gate"


def test_of_two_who_ask_for_one_name_at_once_one_gets_it(keys: Keys) -> None:
    def made(_: int) -> Key | None:
        try:
            return keys.create("gate", Role.VIEWER, Scope())[0]
        except NameTaken:
            return None

    with ThreadPoolExecutor(8) as pool:
        got = [key for key in pool.map(made, range(8)) if key is not None]
    assert keys.keys() == tuple(got)
    assert len(got) == 1


def test_odd_names_come_back_as_they_were(keys: Keys) -> None:
    names = ["", "门 🚪", "a'b\"c%_\n", "x" * 10_000]
    made = [keys.create(name, Role.OPERATOR, Scope())[0] for name in names]
    assert keys.keys() == tuple(made)
    assert [key.name for key in made] == names
