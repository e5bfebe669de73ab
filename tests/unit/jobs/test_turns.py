"""Keys take turns, and what is urgent comes first."""

from __future__ import annotations

from videoqa.jobs.turns import turn


class Line:
    """Jobs that wait, as the queue keeps them: by number, and among equals by age."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, int]] = []

    def hand_in(self, owner: str, priority: int = 5) -> None:
        own = [number for name, number in self.waiting if name == f"{priority} {owner}"]
        number = turn(priority, own, [number for _, number in self.waiting])
        self.waiting.append((f"{priority} {owner}", number))

    def next(self, count: int) -> list[str]:
        """The owners of the next ``count`` jobs."""
        taken = []
        for _ in range(count):
            first = min(self.waiting, key=lambda each: each[1])
            self.waiting.remove(first)
            taken.append(first[0].split()[1])
        return taken


def test_a_thousand_uploads_of_one_key_do_not_keep_the_first_one_of_another_waiting() -> None:
    line = Line()
    for _ in range(1000):
        line.hand_in("heavy")
    line.next(400)
    for _ in range(3):
        line.hand_in("light")
    assert line.next(6) == ["heavy", "light"] * 3


def test_who_has_waited_is_not_overtaken_by_those_who_come_later() -> None:
    line = Line()
    for _ in range(10):
        line.hand_in("one")
    line.next(5)
    for name in ("two", "three"):
        line.hand_in(name)
        line.hand_in(name)
    assert line.next(6) == ["one", "two", "three"] * 2
    assert line.next(3) == ["one"] * 3


def test_the_jobs_of_one_key_stay_in_order() -> None:
    numbers: list[int] = []
    for _ in range(50):
        numbers.append(turn(5, numbers, numbers))
        if len(numbers) == 10:
            numbers.pop(0)
        assert numbers == sorted(set(numbers))


def test_what_is_urgent_comes_before_all_that_is_less_so() -> None:
    line = Line()
    for _ in range(100):
        line.hand_in("one", 5)
    line.hand_in("one", 1)
    line.hand_in("two", 0)
    assert line.next(3) == ["two", "one", "one"]


def test_a_number_is_one_that_the_engine_takes() -> None:
    for priority in (-1, 0, 99, 10**9):
        assert 1 <= turn(priority, (), ()) < 2**31
    assert turn(99, [turn(99, (), ()) + 9_999_999], ()) < 2**31
