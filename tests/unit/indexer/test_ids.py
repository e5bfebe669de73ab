from __future__ import annotations

import re
import time

from indexer.ids import fresh_id


def test_ids_are_short_and_fit_for_an_address() -> None:
    assert re.fullmatch(r"[0-9a-z]{13}", fresh_id())


def test_a_later_id_sorts_behind_an_earlier_one() -> None:
    earlier = fresh_id()
    time.sleep(0.002)
    assert earlier < fresh_id()


def test_ids_of_one_millisecond_differ() -> None:
    assert len({fresh_id() for _ in range(200)}) == 200
