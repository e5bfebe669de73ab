"""What is read of a server's metrics."""

from __future__ import annotations

import pytest

from videoqa.analyser.model.gauges import Gauges

TWO_ENGINES = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 6.0
vllm:num_requests_running{engine="1",model_name="m"} 4.0
vllm:num_requests_waiting{engine="0",model_name="m"} 3.0
vllm:num_requests_waiting{engine="1",model_name="m"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 3.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.5
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.1
vllm:prefix_cache_queries_total{engine="0",model_name="m"} 1000.0
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 800.0
vllm:mm_cache_queries_total{engine="0",model_name="m"} 0.0
vllm:mm_cache_hits_total{engine="0",model_name="m"} 0.0
vllm:odd NaN
process_open_fds 42.0
"""


def test_engines_are_taken_together() -> None:
    gauges = Gauges.read(TWO_ENGINES)

    assert (gauges.running, gauges.waiting) == (10, 3)
    assert gauges.kv_usage == pytest.approx(0.3)
    assert gauges.prefix_hits == pytest.approx(0.8)


def test_a_cache_that_was_never_asked_has_no_rate() -> None:
    assert Gauges.read(TWO_ENGINES).media_hits is None


def test_a_page_without_the_gauges_tells_nothing() -> None:
    assert Gauges.read("<html>404</html>") == Gauges()
    assert Gauges().crowded(1) is None


@pytest.mark.parametrize(
    ("running", "waiting", "crowded"), [(16, 0, False), (16, 4, False), (16, 5, True), (0, 1, False), (128, 30, False)]
)
def test_it_is_crowded_where_waiting_takes_more_than_a_quarter_of_the_work(
    running: int, waiting: int, crowded: bool
) -> None:
    assert Gauges(running, waiting).crowded(running + waiting) is crowded


def test_it_is_crowded_where_requests_pile_up_before_the_engine() -> None:
    assert Gauges(16, 0).crowded(24) is False
    assert Gauges(16, 0).crowded(64) is True


def test_gauges_whose_sum_is_beyond_all_numbers_are_not_told() -> None:
    engines = (f'vllm:num_requests_running{{engine="{number}"}} 1e308' for number in range(2))

    assert Gauges.read("\n".join(engines)).running is None
