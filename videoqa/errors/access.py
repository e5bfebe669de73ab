"""Keys, what they reach, and who is let in without one."""

from __future__ import annotations

from videoqa.errors.root import Misuse


class UnknownKey(Misuse):
    """No key in force is called {name}; `videoqa keys list` shows those there are."""


class NameTaken(Misuse):
    """A key called {name} is in force already; give another name, or revoke that one first."""


class NoKeys(Misuse):
    """{host} can be reached from other machines and there is no key yet; run `videoqa keys create --name {name}
    --role admin`."""


class KeyNeeded(Misuse):
    """A key that is in force is needed for that; send it as `Authorization: Bearer KEY`."""


class KeyNeededBehindProxy(KeyNeeded):
    """The request came through a proxy, and without keys only whoever is at this machine is let in; make a key with
    `videoqa keys create`, and send it as `Authorization: Bearer KEY`.
    """


class NotAllowed(Misuse):
    """The key {name} has the role {role}, and this needs {needed}."""


class KeyOutOfReach(Misuse):
    """The key {name} reaches {reach} alone, and makes no key that reaches more; limit the new one to these."""


class TagOutOfReach(Misuse):
    """The key {name} reaches recordings by the tags {tags} alone, and changes no others; keep one of them."""


class BringsOutOfReach(Misuse):
    """The key {name} is limited to cameras alone, and would not see what it brings; limit a key to a tag for that."""


class UnlimitedNeeded(Misuse):
    """The key {name} is limited to some recordings, and these figures are of all; use a key without limits for them."""


class WidensRule(Misuse):
    """Only a key without limits has a rule of somebody else watch all cameras; name the cameras, or add your own."""


class TooManyWrongKeys(Misuse):
    """Too many requests with a wrong key came from {address}; try again in {retry_after} s, with a key in force."""


class ForeignHost(Misuse):
    """No key is asked for here, so that only this machine is served, and {host} is not its name; make a key for others
    with `videoqa keys create`.
    """


class ForeignOrigin(Misuse):
    """A page of {origin} may not use this service; make a key and name the origin in VIDEOQA_ORIGINS."""
