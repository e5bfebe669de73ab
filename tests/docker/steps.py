"""Runs what the Dockerfile says outside of a container: ``python tests/docker/steps.py [FOLDER]``.

Every COPY and RUN is done in a folder that stands for the image's root. Then the image's command is run as its user,
who can write to /data and /tmp alone: the key that its comment tells of is made, its health is asked as HEALTHCHECK
does, and it is told to stop.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.docker.dockerfile import DOCKER, Instruction, stages  # noqa: E402

_OWN = ("/wheels", "/opt/videoqa", "/data", "/src")
_PATIENCE = 60.0


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="videoqa-image-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    build, final = stages(DOCKER / "Dockerfile")
    # The image's own Python, which has pip and is called python.
    subprocess.run([sys.executable, "-m", "venv", folder / "python"], check=True)
    for instruction in (*build, *final):
        carried_out(instruction, folder)
    told = {each.name: each for each in final}
    run(folder, told)
    print("every step of the Dockerfile works outside of a container")
    return 0


def carried_out(instruction: Instruction, folder: Path) -> None:
    words = instruction.words
    if instruction.name == "COPY":
        *sources, target = words
        for source in sources:
            place = folder / "src" / target / (Path(source).name if target == "./" else "")
            place.parent.mkdir(parents=True, exist_ok=True)
            path = ROOT / source
            if path.is_dir():
                shutil.copytree(path, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, place)
    elif instruction.name == "RUN":
        command = within(re.sub(r"--mount=\S+ ", "", instruction.text), folder)
        if os.getuid():
            command = command.replace("--owner 1000 --group 1000 ", "")
        say(command)
        environment = os.environ | {"PATH": f"{folder}/python/bin:{os.environ['PATH']}"}
        subprocess.run(["/bin/sh", "-ec", command], cwd=folder / "src", env=environment, check=True)


def run(folder: Path, told: dict[str, Instruction]) -> None:
    user = int(told["USER"].text.split(":")[0])
    lesser = not os.getuid() and others_may_run(Path(sys.base_prefix))
    if not lesser:
        say(f"note: not run as user {user}, who is not root: {os.getuid()} is not, or its Python is root's alone")
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    scratch.chmod(0o1777)
    words = [word.partition("=") for word in shlex.split(told["ENV"].text)]
    environment = {name: within(value, folder).replace("$PATH", os.environ["PATH"]) for name, _, value in words}
    environment |= {"TMPDIR": str(scratch)}

    def become() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if lesser:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)

    def started(*command: str, told_to: int | None = None) -> subprocess.Popen[str]:
        say(shlex.join(command))
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder / "data",
            stdout=subprocess.PIPE,
            stderr=told_to,
            text=True,
            preexec_fn=become,  # noqa: PLW1509  this process has one thread
        )

    videoqa = str(folder / "opt/videoqa/bin/videoqa")
    key, _ = started(videoqa, "keys", "create", "--name", "admin", "--role", "admin").communicate(timeout=_PATIENCE)
    secret = next(word for word in key.split() if word.startswith("vqa_"))
    port = free_port()
    serving = started(videoqa, *(str(port) if word == "8080" else word for word in told["CMD"].words))
    try:
        health = [word.replace("8080", str(port)) for word in told["HEALTHCHECK"].words]
        deadline = time.monotonic() + _PATIENCE
        while started(str(folder / "opt/videoqa/bin/python"), *health[1:], told_to=subprocess.DEVNULL).wait(_PATIENCE):
            assert serving.poll() is None, "the service ended"
            assert time.monotonic() < deadline, "it does not become healthy"
            time.sleep(0.5)
        url = f"http://127.0.0.1:{port}/v1/recordings"
        assert status(url, "") == 401
        assert status(url, secret) == 200
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(15) == 0
    finally:
        serving.kill()


def within(text: str, folder: Path) -> str:
    """``text`` with the image's own folders in ``folder``."""
    for own in _OWN:
        text = text.replace(own, f"{folder}{own}")
    return text


def status(url: str, key: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def others_may_run(folder: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (folder, *folder.parents))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def say(line: str) -> None:
    print(f"+ {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
