"""Who may see what goes over the loopback is told by the kernel."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest

from ingest.camera.caller import is_ours

_NOBODY = 65_534
_ASK = "exec 3<>/dev/tcp/127.0.0.1/$0; read -u 3; exit 0"


def test_a_process_of_ours_is_told_from_one_that_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = socket.create_connection(server.getsockname())
        near, _ = server.accept()
        with near:
            with line:
                assert is_ours(near)
            assert not is_ours(near)


def test_a_process_of_another_user_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = os.getuid()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        near, _ = server.accept()
        monkeypatch.setattr(os, "getuid", lambda: mine + 1)
        with near:
            assert not is_ours(near)


@pytest.mark.skipif(os.getuid() != 0, reason="only root begins processes of other users")
def test_the_kernel_tells_of_another_user() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = ["bash", "-c", _ASK, str(server.getsockname()[1])]
        with subprocess.Popen(asked, user=_NOBODY, group=_NOBODY, cwd="/") as stranger:
            near, _ = server.accept()
            with near:
                assert not is_ours(near)
        assert stranger.returncode == 0
