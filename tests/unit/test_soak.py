import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_make_soak_runs_every_suite_that_has_a_full_form() -> None:
    full = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/*/test_*.py") if _asks(path)}
    (named,) = re.findall(r"^SOAK := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(full) > 10
    assert set(named.replace("\\\n", " ").split()) >= full


def _asks(path: Path) -> bool:
    return 'getoption("--soak")' in path.read_text() and path != Path(__file__)
