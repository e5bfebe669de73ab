"""Which packets are decoded, and which pictures taken."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.plan import Coded, Decode, Gap, Plan, Settle

SECOND = 1_000_000


def group(start: float, pictures: int, rate: float = 25.0) -> list[Coded[str]]:
    """A closed group of pictures without reordering."""
    return [
        Coded(f"{start}+{n}", round((start + n / rate) * SECOND), round(SECOND / rate), 1000, key=n == 0)
        for n in range(pictures)
    ]


def steady(groups: int, pictures: int, rate: float = 25.0) -> list[Coded[str]]:
    return [coded for n in range(groups) for coded in group(n * pictures / rate, pictures, rate)]


def run(coded: list[Coded[str]], period: float = 1.0, **options: bool) -> list[Decode[str] | Settle | Gap]:
    plan: Plan[str] = Plan(round(period * SECOND), **options)
    steps = [step for one in coded for step in plan.feed(one)]
    return [*steps, *plan.finish()]


def taken(steps: list[Decode[str] | Settle | Gap]) -> list[float]:
    """Seconds of the pictures taken."""
    return sorted(step.coded.time / SECOND for step in steps if isinstance(step, Decode) and step.coded.wanted)


def decoded(steps: list[Decode[str] | Settle | Gap]) -> int:
    return sum(isinstance(step, Decode) for step in steps)


def test_keyframes_are_taken_and_the_time_between_them_is_divided_with_the_longest_part_last() -> None:
    assert taken(run(steady(3, 50))) == [0, 0.88, 2, 2.88, 4, 4.88]


def test_nothing_behind_the_last_wanted_picture_of_a_group_is_decoded() -> None:
    assert decoded(run(steady(4, 50))) == 4 * 23


def test_groups_as_long_as_the_period_cost_one_picture_each() -> None:
    assert decoded(run(steady(10, 25))) == 10


def test_groups_without_a_wanted_picture_are_not_decoded() -> None:
    steps = run(steady(40, 5))
    assert taken(steps) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert decoded(steps) == 8


def test_only_keyframes_are_decoded_when_asked_for() -> None:
    steps = run(steady(3, 75), keyframes_only=True)
    assert taken(steps) == [0, 3, 6]
    assert decoded(steps) == 3


def test_the_picture_on_show_at_an_instant_is_taken_not_the_next_one() -> None:
    times = [0, 300, 900, 1700, 1950, 2600]
    coded = [Coded(str(t), t * 1000, 0, 100, key=t == 0) for t in times] + group(3, 1)
    assert taken(run(coded)) == [0, 0.9, 1.7, 3]


def test_a_picture_that_stays_longer_than_a_period_is_taken_once() -> None:
    coded = [Coded(str(t), t * SECOND, 0, 100, key=t == 0) for t in (0, 7, 8)] + group(12, 1)
    assert taken(run(coded)) == [0, 7, 8, 12]


def test_unwanted_leading_pictures_of_a_keyframe_are_dropped() -> None:
    leading = [Coded(f"lead{n}", 2 * SECOND - n * 40_000, 40_000, 500, key=False) for n in (2, 1)]
    steps = run([*group(0, 48), group(2, 1)[0], *leading, *group(2, 25)[1:]])
    sent = [step.coded.packet for step in steps if isinstance(step, Decode)]
    assert not [name for name in sent if name.startswith("lead")]
    assert 2.0 in taken(steps)


def test_a_wanted_leading_picture_is_decoded_with_all_it_rests_on() -> None:
    lead = Coded("lead", round(1.5 * SECOND), 40_000, 500, key=False)
    key = Coded("key", 2 * SECOND, 40_000, 5000, key=True)
    before = [coded for coded in group(0, 50) if coded.time < 0.5 * SECOND]
    steps = run([*before, key, lead, *group(2, 25)[1:]], period=0.4)
    sent = [step.coded.packet if isinstance(step, Decode) else "-" for step in steps]
    assert sent[: len(before) + 2] == [*(coded.packet for coded in before), "key", "lead"]


def test_leading_pictures_at_the_very_beginning_are_dropped() -> None:
    lead = Coded("lead", SECOND - 40_000, 40_000, 500, key=False)
    steps = run([group(1, 1)[0], lead, *group(1, 25)[1:]])
    assert taken(steps) == [1]


def test_what_comes_before_the_first_keyframe_is_told() -> None:
    tail = group(0, 50)[30:]
    first, *_ = run([*tail, *group(2, 25)])
    assert first == Gap(round(1.2 * SECOND), 2 * SECOND, "no picture there stands alone")


def test_a_leap_in_time_is_a_gap_and_frames_go_on_behind_it() -> None:
    steps = run([*steady(2, 50), *group(7200, 50)])
    gaps = [step for step in steps if isinstance(step, Gap)]
    assert [(gap.start, gap.end) for gap in gaps] == [(4 * SECOND, 7200 * SECOND)]
    assert {7200, 7200.88} <= set(taken(steps))


def test_slow_but_regular_footage_has_no_gaps() -> None:
    coded = [Coded(str(n), n * 30 * SECOND, 30 * SECOND, 100, key=True) for n in range(20)]
    assert not [step for step in run(coded) if isinstance(step, Gap)]


def test_a_hidden_keyframe_is_decoded_but_not_taken() -> None:
    coded = group(0, 50)
    for one in coded[:10]:
        one.hidden = True
    steps = run(coded)
    assert taken(steps)[0] == 0.4
    assert next(step.coded.packet for step in steps if isinstance(step, Decode)) == "0+0"


def test_counted_pictures_are_decoded_without_a_hole() -> None:
    steps = run(steady(2, 50), whole=True)
    assert decoded(steps) == 100


def test_a_group_of_an_hour_is_let_go_of_piece_by_piece() -> None:
    plan: Plan[str] = Plan(SECOND)
    held, most, sent = 0, 0, 0
    for coded in group(0, 25 * 3600):
        held += 1
        released = sum(isinstance(step, Decode) for step in plan.feed(coded))
        held, sent = held - released, sent + released
        most = max(most, held)
    assert most <= 600
    assert sent > 25 * 3500


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 120), min_size=1, max_size=12),
    rate=st.sampled_from([5, 12, 25, 30]),
    period=st.sampled_from([0.2, 0.5, 1.0, 2.0]),
)
def test_frames_are_never_much_further_apart_than_the_period_and_every_group_is_sent_from_its_keyframe(
    lengths: list[int], rate: int, period: float
) -> None:
    coded, start = [], 0.0
    for length in lengths:
        coded += group(start, length, rate)
        start += length / rate
    order = {one.packet: number for number, one in enumerate(coded)}
    steps = run(coded, period)
    times = taken(steps)
    assert times[0] == 0
    assert all(later - earlier <= period * 4 / 3 + 1 / rate + 1e-6 for earlier, later in pairwise([*times, start]))
    previous: str | None = None
    for step in steps:
        if isinstance(step, Settle):
            previous = None
        elif isinstance(step, Decode):
            name = step.coded.packet
            assert step.coded.key if previous is None else order[name] == order[previous] + 1
            previous = name
