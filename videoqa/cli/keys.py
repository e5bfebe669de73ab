"""The commands about access keys: to make one, to see which there are, to revoke one."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from videoqa.cli import FOUND, NOTHING_FOUND
from videoqa.errors import BadSetting, escaped

if TYPE_CHECKING:
    from videoqa.access import Key

_MOST = 100

app = typer.Typer(
    help="Make, list and revoke the keys of the service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What to call it.")],
    role: Annotated[
        str, typer.Option(help="viewer (look and ask), operator (bring in and change) or admin.", metavar="ROLE")
    ],
    tag: Annotated[
        Optional[list[str]], typer.Option(help="Reach only recordings with this tag; again for a second one.")
    ] = None,
    camera: Annotated[
        Optional[list[str]], typer.Option(help="Reach only recordings of this camera; again for a second one.")
    ] = None,
) -> int:
    """Make a key and print its secret, this once. From the first one on, every request needs a key."""
    from videoqa.access import Role, Scope
    from videoqa.bootstrap import house

    if role not in list(Role):
        raise BadSetting(name="--role", value=role, expected=", ".join(Role))
    for option, values in (("--name", [name]), ("--tag", tag or []), ("--camera", camera or [])):
        for value in values:
            if not value.strip() or len(value) > _MOST or not value.isprintable():
                raise BadSetting(name=option, value=value, expected=f"text of 1 to {_MOST} characters on one line")
    scope = Scope(frozenset(map(str.strip, tag or ())), frozenset(map(str.strip, camera or ())))
    key, secret = house().keys.create(name.strip(), Role(role), scope)
    _write_down("videoqa keys create", key, 201)
    print(secret)
    _tell(f"{_line(key)}; above is its secret, which is shown this once")
    return FOUND


@app.command(name="list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """List the keys, and what each may do."""
    from videoqa.bootstrap import house

    keys = house().keys.keys()
    print(json.dumps([_document(key) for key in keys], indent=2) if as_json else "\n".join(map(_line, keys)))
    return FOUND if keys else NOTHING_FOUND


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="Its name or id.", metavar="NAME")]) -> int:
    """Revoke a key: from now on nobody gets in with it."""
    from videoqa.bootstrap import house

    key = house().keys.revoke(name)
    _write_down("videoqa keys revoke", key, 204)
    _tell(f"revoked {_line(key)}")
    return FOUND


def _write_down(action: str, key: Key, outcome: int) -> None:
    """Puts it into the audit log, as the service does of what it is asked."""
    from videoqa.bootstrap import house
    from videoqa.ports import Deed

    now = datetime.now(UTC)
    deed = Deed(
        now, key_id="", key_name="local", address="", action=action, subject=key.id, request_id="", outcome=outcome
    )
    house().audit.write(deed)


def _line(key: Key) -> str:
    reach = [f"tag {escaped(tag)}" for tag in sorted(key.scope.tags)]
    reach += [f"camera {escaped(camera)}" for camera in sorted(key.scope.cameras)]
    since = f"{key.created_at:%Y-%m-%d %H:%M}"
    ended = f", revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
    told = f"{key.role}, {', '.join(reach) or 'every recording'}, since {since}{ended} (UTC)"
    return f"{escaped(key.name)} ({key.id}): {told}"


def _document(key: Key) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "tags": sorted(key.scope.tags),
        "cameras": sorted(key.scope.cameras),
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }


def _tell(line: str) -> None:
    print(f"videoqa: {line}", file=sys.stderr, flush=True)
