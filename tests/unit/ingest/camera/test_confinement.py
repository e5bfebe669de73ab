"""A camera's child reaches the one port it was given, and nothing else."""

from __future__ import annotations

import json
import platform
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ingest.camera.measures import confinement
from tests.needs import missing

_TRIED = """
import errno, json, os, socket, sys, threading
from ingest.confinement import confine_camera
port, other = int(sys.argv[1]), int(sys.argv[2])
measures = confine_camera(2**30, port or None, None)

def tried(what):
    try:
        what()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

print(json.dumps({
    "measures": measures,
    "given": tried(lambda: socket.create_connection(("127.0.0.1", port or other))),
    "other": tried(lambda: socket.create_connection(("127.0.0.1", other))),
    "datagram": tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
    "unix": tried(lambda: socket.socket(socket.AF_UNIX)),
    "listen": tried(lambda: socket.socket().bind(("127.0.0.1", 0))),
    "read": tried(lambda: open("/etc/passwd")),
    "write": tried(lambda: open("/dev/shm/videoqa-camera", "w")),
    "run": tried(lambda: os.execv("/bin/true", ["true"])),
    "fork": tried(os.fork),
    "signal": tried(lambda: os.kill(os.getppid(), 0)),
}))
"""


def tried(port: int, other: int) -> dict[str, object]:
    command = [sys.executable, "-I", "-c", _TRIED, str(port), str(other)]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return json.loads(told)


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    if platform.system() != "Linux":
        missing("confinement is Linux's")
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        yield one.getsockname()[1], other.getsockname()[1]


def test_a_child_connects_to_its_port_alone(ports: tuple[int, int]) -> None:
    told = tried(*ports)
    assert told["given"] == "done"
    measures = " ".join(told["measures"])  # type: ignore[arg-type]
    if "seccomp" not in measures:
        missing("this machine has no seccomp")
    for what in ("datagram", "unix", "listen", "run", "fork", "signal"):
        assert told[what] == "EPERM", what
    if "Landlock" not in measures:
        missing("this machine has no Landlock")
    assert told["read"] == told["write"] == "EACCES"
    # Kernels before 6.7 know no ports, and then nobody says that they are closed.
    assert told["other"] == ("EACCES" if "no other port" in measures else "done")


def test_a_child_that_is_fed_has_no_network(ports: tuple[int, int]) -> None:
    told = tried(0, ports[1])
    if "seccomp" not in " ".join(told["measures"]):  # type: ignore[arg-type]
        missing("this machine has no seccomp")
    assert told["given"] != "done"
    assert told["other"] != "done"


def test_what_holds_it_back_is_told_by_name(ports: tuple[int, int]) -> None:
    assert confinement() == tuple(tried(*ports)["measures"])  # type: ignore[arg-type]


def test_no_processor_time_is_taken_from_a_camera(ports: tuple[int, int]) -> None:
    assert not any("processor time" in measure for measure in tried(*ports)["measures"])  # type: ignore[attr-defined]
