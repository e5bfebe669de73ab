"""Prints every figure: ``python -m bench`` in about five minutes, ``--full`` with the long footage and the peers."""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
import time
import traceback
from datetime import UTC, datetime

BENCHES = (
    "sampling",
    "gating",
    "memory",
    "throughput",
    "lectures",
    "search",
    "listings",
    "alert_log",
    "ask",
    "model_requests",
    "model_tokens",
    "job_overhead",
    "service_range",
    "service_search",
    "service_upload",
    "service_stills",
    "alert_fanout",
    "cameras_per_core",
    "rules",
)


def main() -> int:
    """Runs the benches named, or all of them; the exit code says whether each ran, never whether a figure was met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="hours of footage, peers in environments of their own")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHES)}")
    wanted = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, Python {platform.python_version()}")
    failed = 0
    for name in wanted.names or BENCHES:
        begun = time.monotonic()
        try:
            figures = importlib.import_module(f"bench.{name}").figures(wanted.full)
        except Exception:  # noqa: BLE001  the other benches are still worth their figures
            traceback.print_exc()
            print(f"{name}: failed")
            failed += 1
            continue
        print(f"\n{name}  ({time.monotonic() - begun:.0f} s)")
        for figure in figures:
            mark = {True: "met", False: "MISSED", None: ""}[figure.met]
            value = f"{figure.value:.3g} {figure.unit}".rstrip()
            print(f"  {figure.name:58} {value:>14}  {figure.target:>14}  {mark:6}  {figure.detail}".rstrip())
    return failed


if __name__ == "__main__":
    sys.exit(main())
